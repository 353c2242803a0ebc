// Another exchange's adapter, for tests that change a part of it: everything that is not overridden is the other's.
#pragma once

#include "exchange/adapter.h"

namespace tk::test {

class WrappedAdapter : public exchange::ExchangeAdapter
{
public:
    explicit WrappedAdapter(std::unique_ptr<exchange::ExchangeAdapter> real)
        : m_real(std::move(real))
    {}

    using Instrument = exchange::Instrument;
    using RestRequest = exchange::RestRequest;

    QString name() const override { return m_real->name(); }
    exchange::ConnectionLimits connectionLimits() const override { return m_real->connectionLimits(); }
    exchange::RestLimits restLimits() const override { return m_real->restLimits(); }
    exchange::CandleFacts candleFacts() const override { return m_real->candleFacts(); }
    exchange::FundingRules fundingRules() const override { return m_real->fundingRules(); }
    std::optional<exchange::KeepAlive> keepAlive() const override { return m_real->keepAlive(); }

    Result<exchange::StreamSpec> streamFor(const Instrument &instrument, StreamKind kind,
                                           Timeframe timeframe) const override
    {
        return m_real->streamFor(instrument, kind, timeframe);
    }
    std::vector<exchange::StreamSpec> serviceStreams() const override { return m_real->serviceStreams(); }
    QUrl connectionUrl(const QUrl &base, const QByteArray &route) const override
    {
        return m_real->connectionUrl(base, route);
    }
    QByteArray subscribeFrame(quint64 id, const std::vector<QByteArray> &names) const override
    {
        return m_real->subscribeFrame(id, names);
    }
    QByteArray unsubscribeFrame(quint64 id, const std::vector<QByteArray> &names) const override
    {
        return m_real->unsubscribeFrame(id, names);
    }
    Status parse(std::string_view frame, exchange::ParsedFrame &into) override { return m_real->parse(frame, into); }

    RestRequest instrumentsRequest(const QByteArray &cursor) const override
    {
        return m_real->instrumentsRequest(cursor);
    }
    Result<std::vector<Instrument>> parseInstruments(QByteArrayView page) const override
    {
        return m_real->parseInstruments(page);
    }
    QByteArray nextInstruments(QByteArrayView page) const override { return m_real->nextInstruments(page); }
    RestRequest timeRequest() const override { return m_real->timeRequest(); }
    Result<UtcTime> parseTime(QByteArrayView body) const override { return m_real->parseTime(body); }

    RestRequest candlesRequest(const Instrument &instrument, Timeframe timeframe, TimeSpan span) const override
    {
        return m_real->candlesRequest(instrument, timeframe, span);
    }
    Result<std::vector<Candle>> parseCandles(QByteArrayView body, std::vector<UtcTime> *closes) const override
    {
        return m_real->parseCandles(body, closes);
    }
    int bestCandlesPerRequest(qint64 missing) const override { return m_real->bestCandlesPerRequest(missing); }
    void learnCandleCost(int limit, int amount) override { m_real->learnCandleCost(limit, amount); }
    RestRequest markPricesRequest(const Instrument &instrument, TimeSpan span) const override
    {
        return m_real->markPricesRequest(instrument, span);
    }
    Result<std::vector<MarkPoint>> parseMarkPrices(QByteArrayView body, const Instrument &instrument) const override
    {
        return m_real->parseMarkPrices(body, instrument);
    }
    RestRequest markCandlesRequest(const Instrument &instrument, Timeframe timeframe, TimeSpan span) const override
    {
        return m_real->markCandlesRequest(instrument, timeframe, span);
    }
    RestRequest fundingRequest(const Instrument &instrument, TimeSpan span) const override
    {
        return m_real->fundingRequest(instrument, span);
    }
    Result<std::vector<FundingPoint>> parseFunding(QByteArrayView body, const Instrument &instrument) const override
    {
        return m_real->parseFunding(body, instrument);
    }
    std::vector<exchange::LimitUse> limitsUsed(const exchange::RestReply &reply) const override
    {
        return m_real->limitsUsed(reply);
    }
    std::optional<exchange::Refusal> refusal(const exchange::RestReply &reply, UtcTime exchangeTime) const override
    {
        return m_real->refusal(reply, exchangeTime);
    }

protected:
    exchange::ExchangeAdapter &real() { return *m_real; }
    const exchange::ExchangeAdapter &real() const { return *m_real; }

private:
    std::unique_ptr<exchange::ExchangeAdapter> m_real;
};

} // namespace tk::test

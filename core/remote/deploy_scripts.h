// The shell's side of a deployment: what is asked before anything changes, how files arrive, and the program that works
// on the host by itself: it switches, restarts, watches and goes back, whether or not anybody is still connected. Pure.
#pragma once

#include "base/time.h"
#include "remote/script.h"

#include <vector>

namespace tk::remote {

// FOLDER/releases/NAME/ holds one version with its configuration, FOLDER/current is a link to the one in use.
// Packages: FOLDER/packages/installed.deb is the way back.
struct DeployPlan
{
    QString folder{};    // over there; "~/" is the login's home
    QString unit{};      // what is restarted
    QString heartbeat{}; // an extended regular expression: a line of the unit's journal that says it is well
    milliseconds within = std::chrono::minutes(2);
    milliseconds hold = std::chrono::seconds(10); // it stands for so long after the heartbeat
    int keep = 3;                                 // releases, the one in use among them
    bool is_package = false;
};

struct DeployFile
{
    QString name{}; // over there: "tapekeeper", "tapekeeper.toml", "new.deb"
    qint64 size = 0;
    QByteArray sha256{}; // hexadecimal
};

// `id` stands for one deployment: letters and digits.
Script deployLook(const DeployPlan &plan);
QString deployUpload(const DeployPlan &plan, const QString &id, const DeployFile &file); // reads the file from stdin
Script deployVerify(const DeployPlan &plan, const QString &id, const std::vector<DeployFile> &files);
Script deployLaunch(const DeployPlan &plan, const QString &id, const DeployFile &program);
Script deployFollow(const DeployPlan &plan);
Script deployForget(const DeployPlan &plan, const QString &id); // what has arrived, where it is not to be used

// What these scripts print: lines of words between tabs. "refuse TEXT" ends a part.
struct DeployLine
{
    QString kind{}; // "refuse", "fact", "begin", "step", "journal", "end"
    QString name{};
    QString state{};
    QString text{};
};
std::vector<DeployLine> parseDeployLines(const QByteArray &out);

} // namespace tk::remote

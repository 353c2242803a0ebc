# Every dependency of Tapekeeper, in one place, each with its reason. All come from Debian 12.

# Qt: event loops, sockets with TLS and proxies, local sockets, tests. Core never links Gui or Widgets.
find_package(Qt6 6.4 REQUIRED COMPONENTS Core Network)
if(TAPEKEEPER_TESTS)
    # The independent peer in the websocket tests and the yardstick in the benchmarks: the product has its own framing.
    find_package(Qt6 6.4 REQUIRED COMPONENTS Test WebSockets)
endif()
if(TAPEKEEPER_GUI)
    # Widgets: the desktop window. Svg: its icons, one drawing for every scaling.
    find_package(Qt6 6.4 REQUIRED COMPONENTS Widgets Svg)
    # QtKeychain, optional: secrets in the desktop's keyring; without it they go into files, and the settings say so.
    find_package(Qt6Keychain QUIET)
    if(TAPEKEEPER_TESTS)
        # Charts: only what our own candle chart is measured against; a candle's update costs it 41 ms.
        find_package(Qt6 6.4 REQUIRED COMPONENTS Charts)
    endif()
endif()

find_package(PkgConfig REQUIRED)
# simdjson: frames and REST bodies are parsed on the hot path; 11 times faster than QJsonDocument.
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
# SQLite: the embedded store and the gap ledger; the C interface, which is 1.6 times faster than QtSql in batches.
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
# toml++: the configuration, with the line of every key.
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)
# prometheus-cpp: counters, gauges and histograms, and their text.
find_package(prometheus-cpp REQUIRED)
# libcurl: requests to databases. Reads the early answer to a large upload (QNetworkAccessManager loses it), sends nothing
# twice, and can wait for an answer without an event loop.
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
# libdeflate: gzip of bodies 7 times faster than zlib, and CRC of spool records.
pkg_check_modules(LIBDEFLATE REQUIRED IMPORTED_TARGET libdeflate)
# flatbuffers (its headers alone) and LZ4: Feather files are Arrow, whose messages are flatbuffers and whose columns are LZ4
# frames. Debian 12 has no Arrow library.
pkg_check_modules(FLATBUFFERS REQUIRED flatbuffers)
pkg_check_modules(LZ4 REQUIRED IMPORTED_TARGET liblz4)

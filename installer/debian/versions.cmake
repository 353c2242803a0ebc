# Read by cpack at its start, when the version is known, also one that was given with -D: the window wants the server
# package of its own version. libqt6svg6: a plugin draws the icons, and no library links it.
set(CPACK_DEBIAN_WINDOW_PACKAGE_DEPENDS "tapekeeper-server (= ${CPACK_PACKAGE_VERSION}), libqt6svg6")

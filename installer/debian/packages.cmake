# Two Debian packages: `tapekeeper-server`, which needs no library of the GUI, and `tapekeeper`, the window beside it.
# `scripts/package` builds them.
set(packages server)
if(TAPEKEEPER_GUI)
    list(APPEND packages window)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tapekeeper)
set(CPACK_PACKAGE_VENDOR Tapekeeper)
set(CPACK_PACKAGE_CONTACT "Tapekeeper developers <tapekeeper@tapekeeper.example>")
set(CPACK_COMPONENTS_ALL ${packages})
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
# The configuration goes to /etc, which no prefix has.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_PROJECT_CONFIG_FILE "${CMAKE_CURRENT_LIST_DIR}/versions.cmake")

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_DEBIAN_SERVER_PACKAGE_NAME tapekeeper-server)
# adduser: the user it runs as. ca-certificates: whom TLS trusts. Qt's TLS comes with libqt6network6 itself.
set(CPACK_DEBIAN_SERVER_PACKAGE_DEPENDS "adduser, ca-certificates")
# `tapekeeper hosts` works through the system's ssh.
set(CPACK_DEBIAN_SERVER_PACKAGE_RECOMMENDS openssh-client)
set(CPACK_COMPONENT_SERVER_DESCRIPTION "The engine and its commands, as a service of systemd, without a window.
Collects candles, mark prices and funding rates of crypto exchanges over
websockets, names every span in which data may be missing, and repairs it.
Stores into a file of its own or into InfluxDB, writes feather files for
freqtrade, and controls hosts over ssh. Needs no display.")
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_EXTRA
    "${CMAKE_CURRENT_LIST_DIR}/server/postinst;${CMAKE_CURRENT_LIST_DIR}/server/prerm"
    "${CMAKE_CURRENT_LIST_DIR}/server/postrm;${CMAKE_CURRENT_LIST_DIR}/server/conffiles")

set(CPACK_DEBIAN_WINDOW_PACKAGE_NAME tapekeeper)
set(CPACK_DEBIAN_WINDOW_PACKAGE_SECTION x11)
# Plugins that no library links: file dialogs and screens of the desktop in use, and the keyring.
set(CPACK_DEBIAN_WINDOW_PACKAGE_RECOMMENDS
    "libsecret-1-0, openssh-client, qt6-gtk-platformtheme, qt6-qpa-plugins, qt6-wayland")
set(CPACK_COMPONENT_WINDOW_DESCRIPTION "The window to watch and repair what the engine collects: pairs with state and
age, candles with gaps drawn as gaps, incidents, health, settings. The engine
runs inside it, or as a service here or on another host.")
set(CPACK_DEBIAN_WINDOW_PACKAGE_CONTROL_EXTRA
    "${CMAKE_CURRENT_LIST_DIR}/window/postinst;${CMAKE_CURRENT_LIST_DIR}/window/prerm")

# Never part of `cmake --install`, which is to write nowhere but below its prefix.
install(FILES "${CMAKE_CURRENT_LIST_DIR}/tapekeeper.toml" DESTINATION /etc/tapekeeper COMPONENT server
        PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ EXCLUDE_FROM_ALL)
set(copyright "${CMAKE_CURRENT_BINARY_DIR}/copyright")
file(READ "${CMAKE_SOURCE_DIR}/LICENSE" license)
file(WRITE "${copyright}" "${license}\nOn Debian the text of the GNU Lesser General Public License is in "
     "/usr/share/common-licenses/LGPL-3.\n")
string(TIMESTAMP CHANGED "%a, %d %b %Y %H:%M:%S +0000" UTC)
foreach(PACKAGE tapekeeper-server tapekeeper)
    set(changelog "${CMAKE_CURRENT_BINARY_DIR}/${PACKAGE}/changelog")
    configure_file("${CMAKE_CURRENT_LIST_DIR}/changelog.in" "${changelog}" @ONLY)
    execute_process(COMMAND gzip -9nkf "${changelog}" COMMAND_ERROR_IS_FATAL ANY)
    string(REPLACE tapekeeper-server server component "${PACKAGE}")
    string(REGEX REPLACE "^tapekeeper$" window component "${component}")
    install(FILES "${changelog}.gz" "${copyright}" DESTINATION "${CMAKE_INSTALL_DATADIR}/doc/${PACKAGE}" COMPONENT ${component}
            EXCLUDE_FROM_ALL)
endforeach()
include(CPack)

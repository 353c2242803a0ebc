# One interface target that carries the language, the warnings, the strict Qt defines and the sanitizers.

add_library(tapekeeper_options INTERFACE)
target_compile_features(tapekeeper_options INTERFACE cxx_std_20)
target_compile_options(tapekeeper_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                       -Woverloaded-virtual -fno-omit-frame-pointer)
if(TAPEKEEPER_WERROR)
    target_compile_options(tapekeeper_options INTERFACE -Werror)
endif()
target_compile_definitions(tapekeeper_options INTERFACE
    QT_NO_CAST_FROM_ASCII QT_NO_CAST_TO_ASCII QT_NO_CAST_FROM_BYTEARRAY QT_NO_URL_CAST_FROM_STRING
    QT_NO_NARROWING_CONVERSIONS_IN_CONNECT QT_NO_CONTEXTLESS_CONNECT QT_NO_FOREACH QT_NO_KEYWORDS
    QT_STRICT_ITERATORS QT_DISABLE_DEPRECATED_BEFORE=0x060400
    TAPEKEEPER_VERSION="${PROJECT_VERSION}")
if(TAPEKEEPER_SANITIZE)
    target_compile_options(tapekeeper_options INTERFACE -fsanitize=${TAPEKEEPER_SANITIZE} -fno-sanitize-recover=undefined)
    target_link_options(tapekeeper_options INTERFACE -fsanitize=${TAPEKEEPER_SANITIZE})
endif()

# moc runs again when one of these lists changes. CMake 3.25 forgets to, where a glob has found a new header: its step for
# moc depends on what it has seen before, and on the CMake files; so the list becomes one of those.
macro(tapekeeper_watch_sources name)
    file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/${name}_sources.cmake" CONTENT "# ${ARGN}\n")
    include("${CMAKE_CURRENT_BINARY_DIR}/${name}_sources.cmake")
endmacro()

# tapekeeper_precompile(target [OWN] [WIDGETS]): what nearly every file includes is parsed once, which takes a third off a
# clean build. Files still include what they use, as the list holds no header of ours. Most targets share one; OWN is for one
# whose flags differ, and WIDGETS has the window's headers too. Clang, which builds the fuzz targets alone, does without.
option(TAPEKEEPER_PRECOMPILE "Precompile the headers of Qt and the standard library" ON)
set(TAPEKEEPER_COMMON_HEADERS
    <algorithm> <array> <atomic> <chrono> <cmath> <deque> <functional> <map> <memory> <optional> <string> <string_view>
    <utility> <variant> <vector>
    <QByteArray> <QDateTime> <QDir> <QFile> <QHash> <QJsonArray> <QJsonDocument> <QJsonObject> <QObject>
    <QRegularExpression> <QSet> <QString> <QStringList> <QThread> <QTimer> <QUrl>)
function(tapekeeper_precompile target)
    cmake_parse_arguments(ARG "OWN;WIDGETS" "" "" ${ARGN})
    if(NOT TAPEKEEPER_PRECOMPILE OR NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        return()
    endif()
    if(ARG_WIDGETS)
        target_precompile_headers(${target} PRIVATE ${TAPEKEEPER_COMMON_HEADERS} <QBoxLayout> <QDialog> <QLabel> <QLineEdit>
                                  <QPainter> <QPushButton> <QTableView> <QWidget>)
    elseif(ARG_OWN)
        target_precompile_headers(${target} PRIVATE ${TAPEKEEPER_COMMON_HEADERS})
    else()
        if(NOT TARGET tapekeeper_precompiled) # with no definition of its own, or a target without that could not take it
            file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/precompiled.cpp" CONTENT "// Only its headers matter.\n")
            add_library(tapekeeper_precompiled OBJECT "${CMAKE_BINARY_DIR}/precompiled.cpp")
            target_link_libraries(tapekeeper_precompiled PRIVATE tapekeeper_options Qt6::Core)
            target_precompile_headers(tapekeeper_precompiled PRIVATE ${TAPEKEEPER_COMMON_HEADERS})
            set_target_properties(tapekeeper_precompiled PROPERTIES AUTOMOC OFF)
        endif()
        target_precompile_headers(${target} REUSE_FROM tapekeeper_precompiled)
    endif()
endfunction()

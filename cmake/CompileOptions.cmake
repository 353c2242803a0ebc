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

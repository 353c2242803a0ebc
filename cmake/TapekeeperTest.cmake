# tapekeeper_add_test_room(NAME room FOLDER path [LIBRARIES ...] [TIMEOUT seconds] [LABELS ...] [ENVIRONMENT NAME=value ...]
#                          [LOCK name])
# One test binary from all sources of FOLDER, and one ctest entry for each file tst_NAME.cpp, run as `test_room NAME`.
# Entries with the same LOCK never run at once.
function(tapekeeper_add_test_room)
    cmake_parse_arguments(ARG "" "NAME;FOLDER;TIMEOUT;LOCK" "LIBRARIES;LABELS;ENVIRONMENT" ${ARGN})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    file(GLOB sources CONFIGURE_DEPENDS "${ARG_FOLDER}/*.cpp" "${ARG_FOLDER}/*.h")
    if(NOT sources)
        return()
    endif()
    set(binary test_${ARG_NAME})
    tapekeeper_watch_sources(${binary} ${sources})
    add_executable(${binary} ${sources})
    target_link_libraries(${binary} PRIVATE tapekeeper_options Qt6::Test ${ARG_LIBRARIES})
    target_include_directories(${binary} PRIVATE "${ARG_FOLDER}")
    tapekeeper_precompile(${binary})
    target_compile_definitions(${binary} PRIVATE
        TAPEKEEPER_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
        TAPEKEEPER_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}"
        TAPEKEEPER_LAB="${TAPEKEEPER_LAB}"
        TAPEKEEPER_RECORDINGS="${TAPEKEEPER_RECORDINGS}")
    file(GLOB cases CONFIGURE_DEPENDS "${ARG_FOLDER}/tst_*.cpp")
    foreach(case IN LISTS cases)
        get_filename_component(name "${case}" NAME_WE)
        string(REPLACE "tst_" "" name "${name}")
        add_test(NAME ${ARG_NAME}.${name} COMMAND ${binary} ${name} -maxwarnings 0)
        set_tests_properties(${ARG_NAME}.${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
                             ENVIRONMENT "${ARG_ENVIRONMENT}" RESOURCE_LOCK "${ARG_LOCK}")
    endforeach()
endfunction()

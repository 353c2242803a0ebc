// The program behind main(): reads the command line and runs what it asks for. Returns the exit code.
#pragma once

namespace tk::app {

int run(int argc, char *argv[]);

} // namespace tk::app

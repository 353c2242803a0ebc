// The program behind main(): reads the command line and runs what it asks for. Returns the exit code.
#pragma once

namespace tk::app {

struct CommandLine;

// Runs the window with an application object of its own; nothing in builds that have none.
using RunWindow = int (*)(int argc, char *argv[], const CommandLine &line);

int run(int argc, char *argv[], RunWindow window);

} // namespace tk::app

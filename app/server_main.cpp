// The same program without the window and without any of its libraries.
#include "app/program.h"

int main(int argc, char *argv[])
{
    return tk::app::run(argc, argv, nullptr);
}

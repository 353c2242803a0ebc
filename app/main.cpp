#include "app/gui/run_window.h"
#include "app/program.h"

int main(int argc, char *argv[])
{
    return tk::app::run(argc, argv, tk::app::runWindow);
}

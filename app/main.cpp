#include "app/program.h"

int main(int argc, char *argv[])
{
    return tk::app::run(argc, argv);
}

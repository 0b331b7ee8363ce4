#include <stdio.h>

int main(void)
{
    puts("konsao " KONSAO_VERSION);
    return 0;
}

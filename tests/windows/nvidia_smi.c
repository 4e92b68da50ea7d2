/* Answers in the place of nvidia-smi.exe: a line for --query-gpu, else the first box. */
#include <stdio.h>
#include <string.h>

int main(int count, char **words)
{
    for (int number = 1; number < count; number++)
        if (strncmp(words[number], "--query-gpu", 11) == 0)
            return puts("566.36, 8.9, NVIDIA GeForce RTX 4070, 12282 MiB") < 0;
    return puts("| NVIDIA-SMI 566.36   Driver Version: 566.36   CUDA Version: 12.7 |") < 0;
}

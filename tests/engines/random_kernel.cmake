# Random programs in the kernel and in the user engine.
skep_test(random_kernel SOURCES engines/random_kernel_test.cpp engines/random_sides.cpp LINKS runtime text)

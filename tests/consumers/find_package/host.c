/* A program that knows nothing of neap or Lua, and loads a plug-in with symbols that nothing else sees: host PLUGIN CODE. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char** argv) {
  void* plugin = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  int (*run)(const char*) = NULL;
  if (plugin != NULL) *(void**)&run = dlsym(plugin, "plugin_run");
  if (run == NULL) {
    fprintf(stderr, "%s\n", argc == 3 ? dlerror() : "usage: host PLUGIN CODE");
    return 2;
  }
  return run(argv[2]);
}

// What the consumer projects build: the least that shows that headers, library and what that needs fit together.
#include <neap/prompt.hpp>
#include <neap/version.hpp>

#include <cstdio>

int main() {
  neap::add_prompt();
  std::printf("%s %s\n", NEAP_VERSION, neap::version());
}

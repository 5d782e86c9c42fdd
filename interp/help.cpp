#include "interp/help.hpp"

#include <neap/version.hpp>

#include <uv.h>
#include <lua.hpp>

#include <string>

namespace neap::internal {

namespace {

constexpr const char* kHelp =
    R"(usage: neap [options] [script [args]]
       neap [options] test [test options] [paths]
       neap [options] repl
       neap [options] init [init options] [directory]
       neap [options] doc [doc options] [name...]

Runs a Lua 5.4 script as the main task of an event loop: every function it calls
may wait, and other tasks run meanwhile. With '-' the program is read from
standard input, and so it is without a script; on a terminal that opens the
prompt, as 'neap repl' does: Lua line by line, where each entry is a task and
the loop runs on while you type. '.help' there tells more.

'neap test' runs the tests in the files *_test.lua below the paths (by default
here); 'neap test --help' tells more. 'neap init' prepares a directory for
editors with lua-language-server. 'neap doc' prints what is known of a name, or
a page of the documentation. A script of such a name is './test'.

Options, as in the stock lua:
  -e stat      execute the string 'stat'
  -l mod       require library 'mod' into global 'mod'
  -l g=mod     require library 'mod' into global 'g'
  -i           open the prompt after executing the script, also when it fails
  -v           show version information
  -E           ignore environment variables
  -W           turn warnings on
  --           stop handling options
  -            stop handling options and execute standard input

Options of neap:
  -h, --help   show this text
  --version    show version information and exit
  --debug      debug mode: warns of coroutines nobody awaited, steps that block
               the loop, handles never closed; SIGUSR1 shows all tasks

Sandbox, for scripts that are not trusted (the options may be given repeatedly):
  --sandbox             the script computes, waits and prints, and that is all:
                        what it must not do raises a PermissionError. Any of
                        the options below turns it on too
  --sandbox=process     the same in a process of its own, which the kernel holds
                        as well: for code that is hostile
  --allow-read[=PATH,...]    it may read files: these, and what is below them
  --allow-write[=PATH,...]   it may write, make and remove files
  --allow-net[=HOST[:PORT],...]  it may look up, connect to and listen on
                        these; ':PORT' is any host, '*.example.org' all below
  --allow-run[=PROGRAM,...]  it may run programs, which are not sandboxed
  --allow-env[=NAME,...]     it may read environment variables; 'LC_*' is all
                        that begin so
  --allow-thread        it may start threads, which are sandboxed alike
  --allow-signal        it may handle signals
  --allow-native[=PATH,...]  it may load C modules, which nothing holds;
                        without a path bytecode as well
Without a value an option allows all of its kind. Lua modules beside the script
may be required. LUA_INIT, LUA_PATH and LUA_CPATH are ignored.

Limits, which no script can catch; beyond one the program ends with an error:
  --limit-memory=BYTES   of Lua's memory; 64K, 64M and 1G are units of 1024
  --limit-step=SECONDS   CPU time of a task between two waits; also 100ms
  --limit-wall=SECONDS   time that the program runs
  --limit-tasks=COUNT    tasks at a time
  --limit-handles=COUNT  open files, sockets, processes and the like at a time
Worker threads have the same limits, each for itself.

-e, -l and -W take effect in the order given, before the script, and in the
same task, so that they may wait too. The global 'arg' holds the command line
with the script at index 0; the script gets the arguments behind it as '...'.

Environment:
  LUA_INIT_5_4, LUA_INIT      code to run first, or @FILE to run a file
  LUA_PATH_5_4, LUA_PATH      where require looks for Lua modules
  LUA_CPATH_5_4, LUA_CPATH    where require looks for C modules
  NEAP_DEBUG=1                the same as --debug
  NEAP_STDLIB=DIR             read the Lua part of neap's library from DIR
  NEAP_HISTORY=FILE           where the prompt keeps its history; empty: none.
                              Default: neap/history under XDG_STATE_HOME or
                              ~/.local/state
  XDG_CONFIG_HOME=DIR         the prompt runs DIR/neap/init.lua first; default
                              ~/.config
  VISUAL, EDITOR              the editor of the prompt's .edit; default vi
  TERM=dumb                   the prompt reads plain lines
  PAGER                       the pager of 'neap doc'; default less -R
  NO_COLOR=1                  no colour at the prompt, in error reports and docs

Exit status:
  0      the script ended without an error
  1      an error that nothing caught, also one in a task that nobody awaited,
         or a mistake on the command line
  124    the program exceeded a limit
  130    ended by Ctrl-C. The first one cancels the main task, and its cleanup
         runs; a second one ends neap at once
  other  what the script gave to os.exit
)";

/// "Lua 5.4.4" out of the library's "$LuaVersion: Lua 5.4.4  Copyright ...".
std::string lua_release() {
  const std::string text = lua_ident;
  const std::size_t begin = text.find("Lua 5");
  if (begin == std::string::npos) return LUA_RELEASE;
  return text.substr(begin, text.find_first_not_of("0123456789.", begin + 4) - begin);
}

}  // namespace

void print_help(std::FILE* out) { std::fputs(kHelp, out); }

void print_usage(std::FILE* out) {
  std::fputs("usage: neap [options] [script [args]]\nTry 'neap --help' for the options.\n", out);
}

std::string version_text() {
  return std::string("neap ") + version() + " (" + lua_release() + ", libuv " + uv_version_string() + ")";
}

void print_version(std::FILE* out) { std::fprintf(out, "%s\n", version_text().c_str()); }

}  // namespace neap::internal

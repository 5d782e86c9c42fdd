#include "interp/program.hpp"

#include "interp/child.hpp"
#include "interp/confinement.hpp"
#include "interp/excerpt.hpp"
#include "interp/help.hpp"
#include "interp/interpreter.hpp"
#include "interp/loader.hpp"
#include "interp/report.hpp"
#include "interp/setup.hpp"
#include "interp/signals.hpp"
#include "runtime/loop/system_error.hpp"
#include "runtime/lua/bind.hpp"
#include "stdlib/io/children.hpp"
#include "stdlib/permissions/environment.hpp"
#include "stdlib/registry.hpp"

#include <fcntl.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace neap::internal {

namespace {

constexpr int kOverLimitStatus = 124;  // as timeout(1) gives it

/// What the main task does, in order.
struct Step {
  enum class Kind {
    statement,
    file,
    require,
    enable_warnings,
    script,
    test,
    setup,
    isolate,
    doc,
    prompt,
    at_end
  };  // a script has arguments

  Kind kind;
  const char* text;  // the statement, path or module; a null path is standard input
  const char* name;  // of the chunk of a statement
};

struct Plan {
  std::vector<Step> steps;
  int argc = 0;
  char** argv = nullptr;
  int script = 0;  // index in argv; argc when there is none
  bool script_is_stdin = false;
  bool ignore_environment = false;
  int connection = -1;  // of an isolate
};

// Making the plan.

void plan_init(const CommandLine& line, Plan& plan) {
  if (line.ignore_environment || line.sandbox) return;
  const char* name = "=LUA_INIT_5_4";
  const char* init = std::getenv(name + 1);
  if (init == nullptr) {
    name = "=LUA_INIT";
    init = std::getenv(name + 1);
  }
  if (init == nullptr) return;
  if (*init == '@') {
    plan.steps.push_back({Step::Kind::file, init + 1, nullptr});
  } else {
    plan.steps.push_back({Step::Kind::statement, init, name});
  }
}

void plan_actions(const CommandLine& line, Plan& plan) {
  const char* statement = nullptr;
  int statements = 0;
  for (const Action& action : line.actions) {
    switch (action.kind) {
      case Action::Kind::execute:
        plan.steps.push_back({Step::Kind::statement, action.text, "=(command line)"});
        statement = action.text;
        ++statements;
        break;
      case Action::Kind::require: plan.steps.push_back({Step::Kind::require, action.text, nullptr}); break;
      case Action::Kind::enable_warnings: plan.steps.push_back({Step::Kind::enable_warnings, "", nullptr}); break;
    }
  }
  // Several are told apart by nothing in their messages: then no source line is better than a wrong one.
  if (statements == 1) remember_source("(command line)", statement);
}

Plan make_plan(const CommandLine& line, int argc, char** argv) {
  Plan plan;
  plan.argc = argc;
  plan.argv = argv;
  plan.script = line.script;
  plan.script_is_stdin = line.script_is_stdin;
  plan.ignore_environment = line.ignore_environment;
  plan_init(line, plan);
  plan_actions(line, plan);
  if (line.isolate) {
    plan.steps.push_back({Step::Kind::isolate, nullptr, nullptr});
  } else if (!line.sandbox && line.prompts(argc, isatty(STDIN_FILENO) != 0)) {
    if (line.repl) plan.script = argc;
    plan.steps.push_back({Step::Kind::prompt, nullptr, nullptr});
  } else if (line.test) {
    plan.steps.push_back({Step::Kind::test, nullptr, nullptr});
  } else if (line.setup) {
    plan.steps.push_back({Step::Kind::setup, nullptr, nullptr});
  } else if (line.doc) {
    plan.steps.push_back({Step::Kind::doc, nullptr, nullptr});
  } else if (line.script < argc) {
    plan.steps.push_back({Step::Kind::script, line.script_is_stdin ? nullptr : argv[line.script], nullptr});
  } else if (line.reads_stdin(argc)) {
    plan.steps.push_back({Step::Kind::file, nullptr, nullptr});
  }
  if (!plan.steps.empty()) plan.steps.push_back({Step::Kind::at_end, nullptr, nullptr});
  return plan;
}

// Carrying it out. The functions below run in the main task; index 1 is the plan, as a light userdata.

const Plan& plan_of(lua_State* L) { return *static_cast<const Plan*>(lua_touserdata(L, 1)); }

/// The global table `arg`: the script at 0, what stands before it at negative indices.
int set_arguments(lua_State* L) {
  const Plan& plan = plan_of(L);
  const int script = plan.script == plan.argc ? 0 : plan.script;
  lua_createtable(L, plan.argc - script, script + 1);
  for (int i = 0; i < plan.argc; ++i) {
    lua_pushstring(L, plan.argv[i]);
    lua_rawseti(L, -2, i - script);
  }
  lua_setglobal(L, "arg");
  return 0;
}

/// Pushes arg[1], arg[2], ...; LUA_INIT and -e may have changed them.
int push_script_arguments(lua_State* L) {
  if (lua_getglobal(L, "arg") != LUA_TTABLE) {
    lua_pushliteral(L, "'arg' is not a table");
    lua_error(L);
  }
  const int table = lua_gettop(L);
  const auto count = static_cast<int>(luaL_len(L, table));
  luaL_checkstack(L, count + 3, "too many arguments to script");
  for (int i = 1; i <= count; ++i) lua_rawgeti(L, table, i);
  lua_remove(L, table);
  return count;
}

/// For "g=mod" the place of the module's name, else the beginning.
const char* module_name(const char* text) {
  const char* equals = std::strchr(text, '=');
  return equals != nullptr ? equals + 1 : text;
}

/// Pushes the global's name of "g=mod" or "mod"; "mod-v2" is kept in the global "mod", as in the stock lua.
void push_module_global(lua_State* L, const char* text) {
  const char* module = module_name(text);
  if (module != text) {
    lua_pushlstring(L, text, static_cast<std::size_t>(module - text - 1));
  } else {
    lua_pushlstring(L, text, std::strcspn(text, "-"));
  }
}

int load_script(lua_State* L) {
  load_program(L, static_cast<const char*>(lua_touserdata(L, 1)));
  return 1;
}

/// Lua function: -> the script's function, or nil and its error. Upvalue: its path, as a light userdata.
int try_load_script(lua_State* L) {
  lua_settop(L, 0);
  lua_pushcfunction(L, bound<load_script>);
  lua_pushvalue(L, lua_upvalueindex(1));
  if (lua_pcall(L, 1, 1, 0) == LUA_OK) return 1;
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}

/// Pushes the function that is the prompt, and its arguments; with a script those are the script too.
int push_prompt(lua_State* L, const Plan& plan) {
  lua_pushcfunction(L, stdlib::use_module_file);
  lua_pushliteral(L, "repl/command");
  lua_call(L, 1, 1);
  lua_pushstring(L, version_text().c_str());
  lua_pushboolean(L, plan.ignore_environment ? 1 : 0);
  if (plan.script == plan.argc) return 3;
  lua_pushlightuserdata(L, plan.script_is_stdin ? nullptr : plan.argv[plan.script]);
  lua_pushcclosure(L, bound<try_load_script>, 1);
  return 4 + push_script_arguments(L);
}

/// Pushes the function that the file of a module is, and the words behind the command.
int push_command(lua_State* L, const char* file) {
  lua_pushcfunction(L, stdlib::use_module_file);
  lua_pushstring(L, file);
  lua_call(L, 1, 1);
  return 1 + push_script_arguments(L);
}

/// Protected and bound: plan, number of a step -> the function to call for it, and its arguments.
int prepare_step(lua_State* L) {
  const Step& step = plan_of(L).steps[static_cast<std::size_t>(lua_tointeger(L, 2))];
  lua_settop(L, 1);
  switch (step.kind) {
    case Step::Kind::statement: load_statement(L, step.text, step.name); return 1;
    case Step::Kind::file: load_program(L, step.text); return 1;
    case Step::Kind::require:
      lua_getglobal(L, "require");
      lua_pushstring(L, module_name(step.text));
      return 2;
    case Step::Kind::script: load_program(L, step.text); return 1 + push_script_arguments(L);
    case Step::Kind::enable_warnings: lua_warning(L, "@on", 0); return 0;
    case Step::Kind::test: return push_command(L, "test/command");
    case Step::Kind::doc: return push_command(L, "repl/doc");
    case Step::Kind::setup: push_setup(L); return 3 + push_script_arguments(L);
    case Step::Kind::isolate:
      lua_pushcfunction(L, stdlib::use_module_file);
      lua_pushliteral(L, "isolate/serve");
      lua_call(L, 1, 1);
      lua_pushinteger(L, plan_of(L).connection);
      return 2;
    case Step::Kind::prompt: return push_prompt(L, plan_of(L));
    case Step::Kind::at_end: return lua_getfield(L, LUA_REGISTRYINDEX, stdlib::kAtEnd) == LUA_TFUNCTION ? 1 : 0;
  }
  return 0;
}

/// After a step: the result of a require, on the top of the stack, becomes a global.
void finish_step(lua_State* L, const Step& step) {
  if (step.kind != Step::Kind::require) return;
  push_module_global(L, step.text);
  lua_insert(L, -2);
  lua_pushglobaltable(L);
  lua_insert(L, -3);
  lua_settable(L, -3);
}

/// The main task counts as created where the first chunk that it runs begins.
void note_origin(lua_State* L, int function) {
  Scheduler& scheduler = scheduler_of(L);
  Task& task = *scheduler.current();
  if (task.origin == 0 && lua_isfunction(L, function)) task.origin = scheduler.intern_definition(L, function);
}

/// The main function. It owns nothing, so that an error may leave it anywhere; `next` is the number of the
/// step that follows the one which has just returned.
int run_steps(lua_State* L, int, lua_KContext next) {
  const Plan& plan = plan_of(L);
  for (auto i = static_cast<std::size_t>(next);; ++i) {
    if (i > 0) finish_step(L, plan.steps[i - 1]);
    if (i == plan.steps.size()) return 0;
    lua_settop(L, 1);
    lua_pushcfunction(L, bound<prepare_step>);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, static_cast<lua_Integer>(i));
    lua_call(L, 2, LUA_MULTRET);
    const int results = plan.steps[i].kind == Step::Kind::require ? 1 : 0;
    const int arguments = lua_gettop(L) - 2;
    if (arguments >= 0) note_origin(L, 2);
    if (arguments >= 0) lua_callk(L, arguments, results, static_cast<lua_KContext>(i + 1), run_steps);
  }
}

int main_function(lua_State* L) {
  lua_pushcfunction(L, bound<format_error>);
  lua_setfield(L, LUA_REGISTRYINDEX, stdlib::kFormatError);
  lua_pushcfunction(L, bound<remember_source_of>);
  lua_setfield(L, LUA_REGISTRYINDEX, stdlib::kRememberSource);
  set_arguments(L);
  return run_steps(L, LUA_OK, 0);
}

// Around it.

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0' && std::strcmp(value, "0") != 0;
}

/// The path of this program.
std::string executable() {
  char path[4096];
  std::size_t size = sizeof path;
  const int code = uv_exepath(path, &size);
  if (code != 0) throw std::runtime_error(std::string("cannot find this program: ") + system_error_text(code));
  return {path, size};
}

/// What the command line allows. Throws std::invalid_argument for a value that cannot be allowed.
Sandbox make_sandbox(const CommandLine& line, int argc, char** argv) {
  Sandbox sandbox;
  sandbox.enabled = line.sandbox;
  for (const Allowance& allowance : line.allowed) {
    Grant& grant = sandbox.grants.of(allowance.kind);
    grant.all = grant.all || allowance.all;
    const std::string problem = allowance.all ? "" : add_grant(sandbox.grants, allowance.kind, allowance.value);
    if (!problem.empty()) {
      throw std::invalid_argument("--allow-" + std::string(permission_name(allowance.kind)) + ": " + problem);
    }
  }
  if (line.isolate) {
    if (!line.isolate_directory.empty()) sandbox.script_directory = real_path(line.isolate_directory);
  } else if (line.script < argc && !line.script_is_stdin) {
    const std::string script = real_path(argv[line.script]);
    sandbox.script_directory = script.substr(0, std::max<std::size_t>(script.rfind('/'), 1));
  }
  if (!sandbox.script_directory.empty()) add_grant(sandbox.grants, Permission::code, sandbox.script_directory);
  return sandbox;
}

InterpreterOptions interpreter_options(const CommandLine& line, int argc, char** argv) {
  InterpreterOptions options;
  if (line.sandbox) options.sandbox = make_sandbox(line, argc, argv);
  options.ignore_environment = line.ignore_environment;
  options.debug = line.debug;
  options.limits = line.limits;
  options.owns_process = true;
  if (line.ignore_environment) return options;
  options.debug = options.debug || is_set("NEAP_DEBUG");
  if (const char* directory = std::getenv("NEAP_STDLIB")) options.stdlib_directory = directory;
  return options;
}

/// --sandbox=process: the same command line in a process that confines itself.
int run_child(const CommandLine& line, int argc, char** argv) {
  ChildOptions child;
  child.program = executable();
  for (int i = 1; i < argc; ++i) {
    const bool is_option = i < line.script && std::string_view(argv[i]) == "--sandbox=process";
    child.arguments.emplace_back(is_option ? "--sandbox=confined" : argv[i]);
  }
  const auto permissions = std::make_shared<Permissions>(make_sandbox(line, argc, argv), nullptr);
  child.environment = child_environment(*permissions);
  for (const char* name : {"NEAP_STDLIB", "NEAP_DEBUG", "NO_COLOR"}) {
    if (const char* value = std::getenv(name)) child.environment.push_back(std::string(name) + "=" + value);
  }
  return run_in_child(child);
}

/// The connection of an isolate, which is its standard input; what it runs finds nothing there. From now on the process
/// ends with the one that started it, where the system knows how. Throws std::system_error.
int take_connection() {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  const int connection = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int nothing = ::open("/dev/null", O_RDWR);
  if (connection < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0) {
    throw std::system_error(errno, std::generic_category(), "cannot take over the connection of an isolate");
  }
  ::close(nothing);
  return connection;
}

/// What the kernel does not hold is told: the sandbox of the interpreter holds all the same.
void confine(const InterpreterOptions& options) {
  std::vector<std::string> needed;
  if (!options.stdlib_directory.empty()) needed.push_back(options.stdlib_directory);
  for (const std::string& missing : confine_process(options.sandbox, needed)) {
    report_message(("--sandbox=process: without " + missing).c_str());
  }
}

/// The exit status of a run whose main task is on the top of the stack; its error is reported here.
int conclude(Interpreter& interpreter, const Task& main) {
  Scheduler& scheduler = interpreter.scheduler();
  if (scheduler.exit_requested()) return scheduler.exit_status();
  const bool over_limit = scheduler.limits() != nullptr && scheduler.limits()->root_was_exceeded();
  const bool cancelled = main.state == FutureState::cancelled;
  if (main.state == FutureState::failed || (cancelled && !interpreter.interrupted())) {
    const LimitedCall limited(scheduler);
    report_task_error(interpreter.state(), -1);
    return over_limit ? kOverLimitStatus : EXIT_FAILURE;
  }
  if (cancelled || interpreter.interrupted_after_main()) return kInterruptedStatus;
  if (over_limit) return kOverLimitStatus;
  return scheduler.reported() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int run_program(const CommandLine& line, int argc, char** argv) {
  Plan plan = make_plan(line, argc, argv);
  if (plan.steps.empty()) return EXIT_SUCCESS;  // -v alone
  if (line.in_child) return run_child(line, argc, argv);
  if (line.isolate) plan.connection = take_connection();
  const InterpreterOptions options = interpreter_options(line, argc, argv);
  if (line.confined) confine(options);
  Interpreter interpreter(options);
  interpreter.scheduler().set_default_handler(report_context);
  const InterruptGuard guard(interpreter);
  lua_State* L = interpreter.state();
  lua_pushcfunction(L, bound<main_function>);
  lua_pushlightuserdata(L, &plan);
  const int status = conclude(interpreter, interpreter.run_main(1));
  stdlib::io::kill_children();
  if (status != kInterruptedStatus || ending_signal() == 0) return status;
  die_at_exit();
  return 128 + ending_signal();
}

}  // namespace neap::internal

#include "interp/error_tree.hpp"

#include "runtime/lua/error.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace neap::internal {

namespace {

constexpr std::size_t kDeepest = 16;  // causes and groups inside each other
constexpr std::size_t kMembers = 50;  // shown of one group

// Where `take_apart` leaves what it finds.
enum Part { kMessage = 1, kTrace, kCause, kMembersList, kOutputError, kPartCount = kOutputError };

int push_text(lua_State* L) {
  luaL_tolstring(L, 1, nullptr);
  return 1;
}

/// Pushes the text of the value at 1, whatever its __tostring does.
void push_message(lua_State* L) {
  const int type = lua_type(L, 1);
  const bool plain = type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TNIL;
  if (!plain && luaL_getmetafield(L, 1, "__tostring") == LUA_TNIL) {
    lua_pushfstring(L, "(error object is a %s value)", lua_typename(L, type));
    return;
  }
  lua_pushcfunction(L, push_text);
  lua_pushvalue(L, 1);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK) return;
  const char* reason = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : luaL_typename(L, -1);
  lua_pushfstring(L, "(error object is a %s value, and its __tostring failed: %s)", lua_typename(L, type), reason);
}

void push_raw_field(lua_State* L, const char* name, int wanted) {
  lua_pushstring(L, name);
  lua_rawget(L, 1);
  if (wanted == LUA_TNONE || lua_type(L, -1) == wanted) return;
  lua_pop(L, 1);
  lua_pushnil(L);
}

bool field_is(lua_State* L, const char* name, const char* value) {
  lua_pushstring(L, name);
  lua_rawget(L, 1);
  return lua_type(L, -1) == LUA_TSTRING && std::strcmp(lua_tostring(L, -1), value) == 0;
}

/// Protected function: value -> message, trace, cause, members, errno of an error of standard output (0: it is none).
int take_apart(lua_State* L) {
  luaL_checkstack(L, LUA_MINSTACK, nullptr);
  lua_settop(L, 1);
  push_message(L);
  const int message = lua_gettop(L);
  const bool is_object = is_error_object(L, 1);
  const bool is_group = is_object && is_error(L, 1, ErrorKind::exception_group);
  const bool about_output = is_object && field_is(L, "path", "<stdout>");
  lua_pushvalue(L, message);
  for (const auto& [name, wanted, present] :
       {std::tuple{"traceback", LUA_TSTRING, is_object}, std::tuple{"cause", LUA_TNONE, is_object},
        std::tuple{"exceptions", LUA_TTABLE, is_group}}) {
    if (present) {
      push_raw_field(L, name, wanted);
    } else {
      lua_pushnil(L);
    }
  }
  if (about_output) {
    push_raw_field(L, "errno", LUA_TNUMBER);
  } else {
    lua_pushinteger(L, 0);
  }
  return kPartCount;
}

std::string to_string(lua_State* L, int index) {
  std::size_t size = 0;
  const char* text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &size) : nullptr;
  return text != nullptr ? std::string(text, size) : std::string();
}

/// Follows causes and members. Outside `take_apart` nothing is called that can raise.
class Describer {
 public:
  explicit Describer(lua_State* L) : L_(L) {}

  ErrorTree describe(int index, std::string trace) {
    ErrorTree result;
    index = lua_absindex(L_, index);
    const int base = lua_gettop(L_);
    if (is_on_path(index)) {
      result.message = "(an error that is already shown above)";
      return result;
    }
    if (path_.size() >= kDeepest || lua_checkstack(L_, LUA_MINSTACK) == 0) {
      result.message = "(errors nested deeper are left out)";
      return result;
    }
    lua_pushcfunction(L_, take_apart);
    lua_pushvalue(L_, index);
    if (lua_pcall(L_, 1, kPartCount, 0) != LUA_OK) {
      result.message = "(not enough memory to show the error)";
    } else {
      path_.push_back(lua_topointer(L_, index));
      fill(result, base, std::move(trace));
      path_.pop_back();
    }
    lua_settop(L_, base);
    return result;
  }

 private:
  [[nodiscard]] bool is_on_path(int index) const {
    const void* address = lua_topointer(L_, index);
    return address != nullptr && std::find(path_.begin(), path_.end(), address) != path_.end();
  }

  void fill(ErrorTree& result, int base, std::string trace) {
    result.message = to_string(L_, base + kMessage);
    result.trace = trace.empty() ? to_string(L_, base + kTrace) : std::move(trace);
    result.output_error = static_cast<int>(lua_tointeger(L_, base + kOutputError));
    if (!lua_isnil(L_, base + kCause)) result.causes.push_back(describe(base + kCause, {}));
    if (lua_istable(L_, base + kMembersList)) add_members(result, base + kMembersList);
  }

  void add_members(ErrorTree& result, int list) {
    const auto count = static_cast<std::size_t>(lua_rawlen(L_, list));
    int output_error = 0;
    for (std::size_t i = 1; i <= std::min(count, kMembers); ++i) {
      lua_rawgeti(L_, list, static_cast<lua_Integer>(i));
      result.members.push_back(describe(-1, {}));
      const int error = result.members.back().output_error;
      output_error = i == 1 || error == output_error ? error : 0;
      lua_pop(L_, 1);
    }
    result.left_out = count - result.members.size();
    result.output_error = output_error;
  }

  lua_State* L_;
  std::vector<const void*> path_;  // the errors whose causes and members are being described
};

}  // namespace

ErrorTree describe_error(lua_State* L, int index, std::string trace) {
  return Describer(L).describe(index, std::move(trace));
}

}  // namespace neap::internal

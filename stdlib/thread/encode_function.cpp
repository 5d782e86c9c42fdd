// Functions and error classes.
#include "runtime/lua/error.hpp"
#include "runtime/lua/userdata.hpp"
#include "stdlib/thread/classes.hpp"
#include "stdlib/thread/encoder.hpp"

#include <cstring>
#include <new>

namespace neap::internal::stdlib::thread {

namespace {

int append(lua_State*, const void* bytes, std::size_t size, void* code) {
  try {
    static_cast<std::string*>(code)->append(static_cast<const char*>(bytes), size);
    return 0;
  } catch (const std::exception&) {
    return 1;
  }
}

/// True when the upvalue on the top of the stack is an environment that falls back on another (a sandbox over the
/// globals): the receiver's globals stand for it.
bool is_layered_environment(lua_State* L, const char* name) {
  if (std::strcmp(name, "_ENV") != 0 || !lua_istable(L, -1) || lua_getmetatable(L, -1) == 0) return false;
  lua_pop(L, 1);
  return true;
}

/// True for the metatable of what `async.contextmanager` gives. Pushes no string: see encoder.hpp.
bool is_manager_type(lua_State* L, int index) {
  if (!lua_istable(L, index) || lua_getmetatable(L, index) != 0) return false;
  lua_getfield(L, index, "__name");
  const bool is_manager = lua_type(L, -1) == LUA_TSTRING && std::strcmp(lua_tostring(L, -1), "ContextManager") == 0;
  lua_pop(L, 1);
  return is_manager;
}

}  // namespace

void Encoder::function(int index) {
  const void* address = lua_topointer(L, index);
  if (known(address)) return;
  if (lua_iscfunction(L, index) != 0 || is_library_function(L, index)) {
    if (!c_function(index) && !wrapped_function(index) && !manager_function(index)) refuse(index);
  } else {
    lua_function(index);
  }
}

void Encoder::lua_function(int index) {
  lua_Debug info;
  lua_pushvalue(L, index);
  lua_getinfo(L, ">u", &info);
  scratch_.seen.at(lua_topointer(L, index)) = static_cast<std::uint32_t>(scratch_.objects.size());
  add_object(index, Kind::function);
  tagged(Tag::function, static_cast<std::uint32_t>(parcel_.blocks_.size()));
  put(static_cast<std::uint8_t>(info.nups));
  lua_pushvalue(L, index);
  // With what the debugger wants. Code that has been loaded is repaired already, and stays so.
  scratch_.code.clear();
  const int status = lua_dump(L, append, &scratch_.code, 0);
  lua_pop(L, 1);
  if (status != 0) throw std::bad_alloc();
  parcel_.blocks_.push_back(scratch_.code);  // as large as it is: the dump comes in small pieces
}

/// A function that every state has, or that a module has. Also the library's functions that are written in Lua.
bool Encoder::c_function(int index) {
  Place place;
  if (!find_function(L, index, place)) return false;
  named(place, lua_topointer(L, index));
  return true;
}

/// What `async(f)` or `async.generator(f)` has made: a C function with f and the metatable of what it returns.
bool Encoder::wrapped_function(int index) {
  const int top = lua_gettop(L);
  if (lua_iscfunction(L, index) == 0 || lua_getupvalue(L, index, 1) == nullptr) return false;
  const std::size_t size = parcel_.size_;
  bool written = false;
  if (lua_isfunction(L, top + 1) && lua_getupvalue(L, index, 2) != nullptr) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kCoroutineType);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &kGeneratorType);
    const bool async_function = lua_rawequal(L, top + 2, top + 3) != 0;
    if (async_function || lua_rawequal(L, top + 2, top + 4) != 0) {
      tag(async_function ? Tag::async_function : Tag::generator_function);
      const bool in_lua = lua_iscfunction(L, top + 1) == 0 && !is_library_function(L, top + 1);
      written = known(lua_topointer(L, top + 1)) || in_lua || c_function(top + 1);
      if (written && in_lua && parcel_.size_ == size + 1) lua_function(top + 1);
    }
  }
  lua_settop(L, top);
  if (written) {
    add_extra(lua_topointer(L, index));
  } else {
    parcel_.size_ = size;
  }
  return written;
}

/// What `async.contextmanager(f)` has made: a function of the library with a generator function and the metatable of
/// what it returns.
bool Encoder::manager_function(int index) {
  constexpr int kMake = 2;
  const int top = lua_gettop(L);
  if (lua_iscfunction(L, index) != 0 || lua_getupvalue(L, index, kMake) == nullptr) return false;
  bool written = false;
  if (lua_iscfunction(L, top + 1) != 0 && lua_getupvalue(L, index, kMake + 1) != nullptr &&
      is_manager_type(L, top + 2)) {
    const std::size_t size = parcel_.size_;
    tag(Tag::manager_function);
    written = known(lua_topointer(L, top + 1)) || wrapped_function(top + 1);
    if (!written) parcel_.size_ = size;
  }
  lua_settop(L, top);
  if (written) add_extra(lua_topointer(L, index));
  return written;
}

void Encoder::named(const Place& place, const void* address) {
  tag(Tag::named);
  this->place(place);
  if (!is_library(place.names[0])) parcel_.modules_.emplace_back(place.names[0]);
  add_extra(address);
}

void Encoder::place(const Place& place) {
  put(static_cast<std::uint8_t>(place.count));
  for (std::size_t i = 0; i < place.count; ++i) short_text(place.names[i]);
}

void Encoder::function_body() {
  const char* name = nullptr;
  for (upvalue_ = 1; (name = lua_getupvalue(L, body_, upvalue_)) != nullptr; ++upvalue_) {
    std::uint32_t& number = scratch_.seen.at(lua_upvalueid(L, body_, upvalue_));
    if (number == Seen::kNew) {
      number = static_cast<std::uint32_t>(scratch_.upvalues.size());
      scratch_.upvalues.push_back({current_, static_cast<std::uint8_t>(upvalue_)});
      if (is_layered_environment(L, name)) {
        tag(Tag::globals);
      } else {
        value(body_ + 1);
      }
    } else {
      const EncoderScratch::Upvalue& first = scratch_.upvalues[number];
      tagged(Tag::joined, first.function);
      put(first.number);
    }
    lua_pop(L, 1);
  }
  upvalue_ = 0;
}

// Classes ----------------------------------------------------------------------------------------------------------

void Encoder::error_class(int index) {
  const int kind = builtin_class(L, index);
  if (kind >= 0) return tagged(Tag::builtin_class, static_cast<std::uint8_t>(kind));
  if (!known(lua_topointer(L, index))) made_classes(index);
}

/// A class made by async.class, and those that it derives from as far as they have not crossed: the base comes first.
void Encoder::made_classes(int index) {
  const int top = lua_gettop(L);
  lua_pushvalue(L, index);
  int base = -1;
  for (;;) {
    luaL_checkstack(L, 4, "too many classes");
    lua_getfield(L, -1, "__base");  // every class has one; this way no string is pushed
    base = is_error_class(L, -1) ? builtin_class(L, -1) : 0;
    if (base >= 0) break;
    const std::uint32_t number = scratch_.seen.at(lua_topointer(L, -1));
    if (number != Seen::kNew) break;
    if (lua_gettop(L) - top > kMostClasses) {  // a script has made a ring of them
      lua_settop(L, top);
      return tagged(Tag::builtin_class, static_cast<std::uint8_t>(ErrorKind::error));
    }
  }
  const int count = lua_gettop(L) - top - 1;
  tagged(Tag::made_class, static_cast<std::uint32_t>(count));
  if (base >= 0) {
    tagged(Tag::builtin_class, static_cast<std::uint8_t>(base));
  } else {
    known(lua_topointer(L, -1));
  }
  for (int i = count; i >= 1; --i) made_class(top + i);
  lua_settop(L, top);
}

void Encoder::made_class(int index) {
  put(class_identity(L, index));
  lua_getfield(L, index, "__name");
  std::size_t size = 0;
  const char* name = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : "";
  short_text({name, size});
  lua_pop(L, 1);
  Place place;
  if (!find_in_modules(L, index, place)) place.count = 0;
  this->place(place);
  add_extra(lua_topointer(L, index));
  new_table(index, Kind::class_fields);
}

/// What the script has added to the class.
void Encoder::class_body() {
  std::uint32_t others = 0;
  tag(Tag::rest);
  for (lua_pushnil(L); lua_next(L, body_) != 0; lua_pop(L, 1)) {
    if (is_standard_field(L, body_)) continue;
    value(body_ + 1);
    value(body_ + 2);
    ++others;
  }
  tag(Tag::end);
  patch(scratch_.objects[current_].sizes + sizeof others, others);
}

}  // namespace neap::internal::stdlib::thread

-- Methods written in Lua refuse an object of another class, as those in C++ do: `group.cancel()` for `group:cancel()`
-- is the usual slip.
local core = ...

local TypeError = core.errors.TypeError

-- Raises at the caller of the method that calls this.
local function refuse(self, class)
  error(TypeError(("argument 1 must be a %s, got %s; call its methods with ':'"):format(class.__name,
    core.type_name(self))), 3)
end

-- checked(class, methods): the methods in the table refuse what is not of the class. Lua calls metamethods with the
-- right object.
local function checked(class, methods)
  for name, method in pairs(methods) do
    if type(method) == "function" and name:sub(1, 2) ~= "__" then
      methods[name] = function(self, ...)
        if getmetatable(self) ~= class then refuse(self, class) end
        return method(self, ...)
      end
    end
  end
end

return { checked = checked, refuse = refuse }

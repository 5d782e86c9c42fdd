---@meta neap.permissions

-- Types of neap.permissions for lua-language-server.

---@alias permissions.Name "read"|"write"|"net"|"run"|"env"|"thread"|"signal"|"native"

---What the sandbox of this interpreter allows, and giving it up.
---@class permissions
local permissions = {}

---True in an interpreter that has a sandbox.
---@return boolean
function permissions.is_sandboxed() end

---True when the value is allowed; without a value, when all of the kind is. Nothing is looked at but the sandbox: whether
---there is such a file or host is not told. Without a sandbox everything is allowed. TypeError, ValueError for a permission or
---a value that cannot be.
---@param permission permissions.Name
---@param value? string
---@return boolean
function permissions.query(permission, value) end

---What is allowed now, by permission: true (all of it), false (nothing) or a list of values.
---@return table<permissions.Name, boolean|string[]>
function permissions.list() end

---Of each permission in the table only what it lists stays, and of that only what was allowed before: true keeps it as it
---is, false takes all of it away. It holds at once and for ever, for this interpreter and the threads it has started or
---will start. RuntimeError without a sandbox; TypeError, ValueError for what cannot be allowed, and then nothing has changed.
---@param wanted table<permissions.Name, boolean|string[]>
function permissions.narrow(wanted) end

---Takes all of one permission away: `narrow { [permission] = false }`.
---@param permission permissions.Name
function permissions.revoke(permission) end

return permissions

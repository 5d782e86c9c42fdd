-- Messages on a Stream between two processes: each is its size in 4 bytes, and values as codec.lua writes them.
local _, use = ...

local async, codec = use("async/init"), use("codec")
local RuntimeError = async.RuntimeError

local PROTOCOL = 1   -- of the messages; both sides must have the same
local SMALL = 1 << 16 -- bytes of a message before anything is agreed on

local Link = {}
Link.__index = Link

-- The Link on the Stream. `most`: bytes of a message.
local function open(stream, most)
  return setmetatable({ stream = stream, most = most }, Link)
end

-- encode(name, ...): the values as a part of a message; `name` is a format of the number of one, for what is wrong with
-- it.
function Link:encode(name, ...)
  return codec.encode(self.most, name, ...)
end

-- post(text): sends what `encode` gave. Waits while the other side is slow; what has been begun is sent all the same
-- when that wait is cancelled. A ConnectionError when there is no other side any more.
function Link:post(text)
  self.stream:write(string.pack("<s4", text))
end

function Link:send(...)
  self:post(self:encode("part %d of the message", ...))
end

-- The connection has ended; what has broken it, if anything has, is kept in `failure`.
local function ended(link, problem)
  if async.is(problem, async.OSError) then link.failure = problem end
end

-- receive(): the values of the next message, a table with `n`; nil at the end. RuntimeError for what is no message.
function Link:receive()
  local ok, head = pcall(self.stream.readexactly, self.stream, 4)
  if not ok then return ended(self, head) end
  local size = string.unpack("<I4", head)
  if size > self.most then
    error(RuntimeError(("a message of %d bytes, where %d are the most"):format(size, self.most)), 0)
  end
  local got, text = pcall(self.stream.readexactly, self.stream, size)
  if not got then return ended(self, text) end
  return codec.decode(text) or error(RuntimeError("what is no message"), 0)
end

-- finish(): no more is sent; the other side sees the end.
function Link:finish()
  pcall(self.stream.write_eof, self.stream)
end

function Link:abort()
  self.stream:abort()
end

return { open = open, PROTOCOL = PROTOCOL, SMALL = SMALL }

-- Each entity is an endless script of its own; `next_frame` is where it lets the others, and the game, go on.
local function next_frame()
  async.with(frame_begins, function() frame_begins:wait() end)
end

local function walker(name, step, turn_at)
  while true do
    move(name, step)
    if math.abs(entity(name).x) >= turn_at then
      say(("%s turns at frame %d"):format(name, frame))
      step = -step
    end
    next_frame()
  end
end

local function timid(name)
  for _ = 1, 5 do next_frame() end
  error(async.ValueError(name .. " trips"))
end

async.spawn(walker, "guard", 2, 50)
async.spawn(walker, "cat", 3, 30)
async.spawn(async.limit, {step = 0.01}, function()
  while true do end -- never ends: it is ended
end)
async.spawn(timid, "ghost")

-- The command line of `neap test`.
local HELP = [[
usage: neap [options] test [test options] [paths]

Runs the tests in files written with neap.test. A path is a file, or a directory
in which every file *_test.lua is found, also in directories below; by default
it is the current one.

  --filter TEXT       run the tests whose full name (group > name) has the text
  --list              show the tests, run none
  --shuffle [SEED]    run them in a random order; the seed is shown
  --repeat N          run each test N times, until it fails
  --jobs N            run the files in N processes at once
  --timeout S         seconds of real time that a test may take (5; 0: no limit)
  --bail, --fail-fast end with the first failure
  --reporter NAME     spec (for people), tap (TAP 14) or junit (XML)
  --output FILE       write the report to the file
  --seed N            seed of math.random and of the order in which tasks run;
                      with --repeat it is N, N + 1, ...
  --cancel-at K       cancel the task that waits at the K-th suspension: what
                      test.explore prints, with --seed, to repeat a failure
  -h, --help          show this text

An option's value may follow "=": --jobs=4. Options may stand behind paths, and
"--" ends them.

Exit status: 0 every test passed; 1 some failed; 2 a mistake on the command line,
a file that does not load, or no test found; 130 ended by Ctrl-C.
]]

local function integer(least)
  return function(text, name)
    local value = math.tointeger(tonumber(text))
    if value and value >= least then return value end
    return nil, ("%s takes a whole number from %d on, got '%s'"):format(name, least, text)
  end
end

local function seconds(text, name)
  local value = tonumber(text)
  if value and value >= 0 and value < math.huge then return value end
  return nil, ("%s takes a number of seconds, got '%s'"):format(name, text)
end

local function any(text) return text end

local REPORTERS = { spec = true, tap = true, junit = true }

local function reporter(text, name)
  if REPORTERS[text] then return text end
  return nil, ("%s takes spec, tap or junit, got '%s'"):format(name, text)
end

local VALUES = {
  ["--filter"] = { "filter", any },
  ["--repeat"] = { "repeats", integer(1) },
  ["--jobs"] = { "jobs", integer(1) },
  ["--timeout"] = { "timeout", seconds },
  ["--reporter"] = { "reporter", reporter },
  ["--output"] = { "output", any },
  ["--seed"] = { "seed", integer(0) },
  ["--cancel-at"] = { "cancel_at", integer(1) },
  ["--worker"] = { "worker", integer(0) }, -- of a child of --jobs: 0 plain, 1 with colours, 2 silent
}

local FLAGS = {
  ["--list"] = "list",
  ["--bail"] = "bail",
  ["--fail-fast"] = "bail",
  ["--help"] = "help",
  ["-h"] = "help",
}

-- parse(words): {paths=, filter=, ...}, or nil and what is wrong.
local function parse(words)
  local options, i = { paths = {} }, 1

  -- The option at words[i]; i is moved to the last word used. What is wrong, or nil.
  local function parse_option(word)
    local name, value = word:match("^(%-%-[^=]+)=(.*)$")
    name = name or word
    if FLAGS[name] and not value then
      options[FLAGS[name]] = true
    elseif name == "--shuffle" then
      if not value and (words[i + 1] or ""):match("^%d+$") then
        i = i + 1
        value = words[i]
      end
      options.shuffle = value or true
      if value and not math.tointeger(tonumber(value)) then
        return ("--shuffle takes a whole number, got '%s'"):format(value)
      end
    elseif VALUES[name] then
      local key, read = table.unpack(VALUES[name])
      if not value then
        i = i + 1
        value = words[i]
      end
      if not value then return name .. " needs a value" end
      local result, problem = read(value, name)
      options[key] = result
      return problem
    else
      return ("unrecognized option '%s'"):format(word)
    end
  end

  local only_paths = false
  while i <= #words do
    local word = words[i]
    if only_paths or word == "-" or not word:match("^%-") then
      options.paths[#options.paths + 1] = word
    elseif word == "--" then
      only_paths = true
    else
      local problem = parse_option(word)
      if problem then return nil, problem end
    end
    i = i + 1
  end
  return options
end

return { parse = parse, HELP = HELP }

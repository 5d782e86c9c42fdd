-- `neap init [options] [DIR]`: prepares a folder for editors that have lua-language-server.
local core, use = ...

local HELP = [[
usage: neap init [init options] [DIR]

Writes DIR/.luarc.json (by default here), by which lua-language-server, and so
an editor, knows what neap adds to Lua: names, parameters, types and what they
are for. It points to the stubs that are installed with neap; if there are none,
they are written into DIR/.neap/stubs.

  --copy       write the stubs into DIR/.neap/stubs in any case: so the folder
               works on machines that have neap elsewhere
  --force      replace a .luarc.json that is there already
  -h, --help   show this text

Exit status: 0 written; 1 not, because of what is there already or cannot be
written; 2 a mistake on the command line.
]]

local COPIES = ".neap/stubs"

local function say(stream, ...) stream:write(...):write("\n") end

-- parse(words): {directory=, copy=, force=, help=}, or nil and what is wrong.
local function parse(words)
  local options, only_directory = {}, false
  for _, word in ipairs(words) do
    if only_directory or not word:match("^%-") then
      if options.directory then
        return nil, ("takes one directory, got '%s' and '%s'"):format(options.directory, word)
      end
      if word == "" then return nil, "the name of the directory is empty" end
      options.directory = word
    elseif word == "--" then
      only_directory = true
    elseif word == "--copy" or word == "--force" then
      options[word:sub(3)] = true
    elseif word == "-h" or word == "--help" then
      options.help = true
    else
      return nil, ("unrecognized option '%s'"):format(word)
    end
  end
  options.directory = options.directory or "."
  return options
end

local function json_string(text)
  return '"' .. text:gsub('[%c"\\]', function(c)
    if c == '"' or c == "\\" then return "\\" .. c end
    return ("\\u%04x"):format(c:byte())
  end) .. '"'
end

local function settings(library)
  return ([[
{
  "runtime.version": "Lua 5.4",
  "workspace.library": [%s],
  "workspace.checkThirdParty": false
}
]]):format(json_string(library))
end

-- write_stubs(directory, stubs): the stubs as files.
local function write_stubs(directory, stubs)
  neap.fs.mkdir(directory, { parents = true, exist_ok = true })
  for _, stub in ipairs(stubs) do neap.fs.write(directory .. "/" .. stub.name .. ".d.lua", stub.text) end
end

-- Does what the options say; returns the lines that tell of it. Raises OSErrors.
local function carry_out(options, stubs, installed)
  local lines, library = {}, COPIES
  neap.fs.mkdir(options.directory, { parents = true, exist_ok = true })
  if installed and not options.copy then
    library = installed
  else
    write_stubs(options.directory .. "/" .. COPIES, stubs)
    lines[1] = ("wrote %d stubs into %s/%s"):format(#stubs, options.directory, COPIES)
  end
  neap.fs.write(options.directory .. "/.luarc.json", settings(library))
  lines[#lines + 1] = ("wrote %s/.luarc.json: lua-language-server reads the stubs in %s"):format(options.directory, library)
  return lines
end

local function main(stubs, installed, ...)
  local options, problem = parse { ... }
  if not options then
    say(io.stderr, "neap init: ", problem, "\nTry 'neap init --help' for the options.")
    return 2
  end
  if options.help then
    io.stdout:write(HELP)
    return 0
  end
  local file = options.directory .. "/.luarc.json"
  if not options.force and neap.fs.exists(file, { follow = false }) then
    say(io.stderr, "neap init: ", file, " exists already, and stays as it is; --force replaces it")
    if installed then
      say(io.stderr, "neap's stubs, for its \"workspace.library\", are in ", json_string(installed))
    end
    return 1
  end
  local ok, result = pcall(carry_out, options, stubs, installed)
  if not ok then
    say(io.stderr, "neap init: ", tostring(result))
    return 1
  end
  for _, line in ipairs(result) do say(io.stdout, line) end
  return 0
end

-- run(stubs, installed, ...): the stubs as a list of {name=, text=}; the directory with the installed ones, or nil; and
-- the words of the command line behind `init`.
return function(...)
  local exit = os.exit
  exit(main(...), true)
end

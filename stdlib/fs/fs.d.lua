---@meta neap.fs

-- Types of neap.fs for lua-language-server. Every function but those of paths (`join` ... `cwd`), `walk` and `glob`
-- themselves, `File:lines` and `File:setvbuf` waits:
-- the calling task is suspended while the thread pool works, and others run. Such a call raises CancelledError when the
-- task is cancelled, and RuntimeError where nothing can wait.
-- What the system refuses is an OSError (PermissionError for EACCES and EPERM) with `code` ("ENOENT"), `errno`,
-- `syscall` and `path`. A wrong argument is a TypeError or a ValueError that names it.

---Files and directories.
---@class fs
local fs = {}

---@alias fs.Type "file"|"directory"|"link"|"fifo"|"socket"|"char"|"block"|"unknown"

-- Whole files --------------------------------------------------------------------------------------------------

---The whole file as a string. EISDIR for a directory.
---@async
---@param path string
---@return string
function fs.read(path) end

---Options of `fs.write`.
---@class fs.WriteOptions
---@field atomic? boolean the file is the old one or, all at once, the new one, and on the disk
---@field mode? integer|string permission bits of a new file before the umask; a string is octal. Default "666"

---Makes the file consist of `data`; it is created if need be. Once begun, the writing is not interrupted by a
---cancellation of the task, unless it is atomic.
---@async
---@param path string
---@param data string|number
---@param options? fs.WriteOptions
---@return integer bytes
function fs.write(path, data, options) end

---Adds `data` to the end of the file; it is created if need be.
---@async
---@param path string
---@param data string|number
---@param options? { mode?: integer|string }
---@return integer bytes
function fs.append(path, data, options) end

---`for line in fs.lines(path) do`: by the formats of `File:read`, default "l". The file is closed with the loop.
---@async
---@param path string
---@param ... "l"|"L"|"a"|"n"|integer
---@return fun(): string|number|nil, ...
---@return nil
---@return nil
---@return fs.File
function fs.lines(path, ...) end

-- Open files ---------------------------------------------------------------------------------------------------

---@alias fs.Mode "r"|"w"|"a"|"r+"|"w+"|"a+"|"rb"|"wb"|"ab"|"r+b"|"w+b"|"a+b"|"wx"|"w+x"|"wbx"|"w+bx"

---Opens a file. The modes are those of `io.open`; "x" at the end: the file must not exist yet.
---@async
---@param path string
---@param mode? fs.Mode default "r"
---@return fs.File
function fs.open(path, mode) end

---An open file: the methods of Lua's own files, which raise instead of returning nil and a message. A local declared
---`<close>` is closed at the end of its block. While one task waits for an operation, another that uses the same File
---gets a RuntimeError.
---@class fs.File
local File = {}

---Reads by format, as Lua's files do: "l" a line (the default), "L" a line with its end, "a" the rest of the file, "n" a
---number, an integer so many bytes at most. nil for what is not there any more; the formats behind it are not tried.
---A cancelled read takes nothing.
---@async
---@param ... "l"|"L"|"a"|"n"|integer
---@return string|number|nil ...
function File:read(...) end

---An iterator that reads by these formats at each step, until the first value is nil. The file stays open.
---@param ... "l"|"L"|"a"|"n"|integer
---@return fun(): string|number|nil, ...
function File:lines(...) end

---Writes strings and numbers. They are kept in a buffer (see `setvbuf`), and only a full one is waited for.
---@async
---@param ... string|number
---@return fs.File self
function File:write(...) end

---Writes what is in the buffer.
---@async
---@return true
function File:flush() end

---Moves to `offset` bytes from the start ("set"), the current position ("cur") or the end ("end") of the file.
---@async
---@param whence? "set"|"cur"|"end" default "cur"
---@param offset? integer default 0
---@return integer position in bytes from the start
function File:seek(whence, offset) end

---When writing waits for the file: "full" when `size` bytes have gathered (the default, with 65536), "line" at every
---line's end as well, "no" at every call.
---@param mode "full"|"line"|"no"
---@param size? integer bytes
---@return true
function File:setvbuf(mode, size) end

---Writes what is in the buffer, and waits until the disk has it.
---@async
---@param options? { data?: boolean } data: true: need not wait for what reading does not need, such as times
---@return true
function File:sync(options) end

---Cuts or lengthens the file. The position stays.
---@async
---@param size? integer bytes, default the current position
---@return true
function File:truncate(size) end

---What is known of the open file, what is in the buffer included.
---@async
---@return fs.Stat
function File:stat() end

---Writes what is in the buffer and closes the file, which happens even if the task is cancelled. RuntimeError when it is
---closed already.
---@async
---@return true
function File:close() end

-- Entries ------------------------------------------------------------------------------------------------------

---What is known of a file.
---@class fs.Stat
---@field type fs.Type
---@field size integer bytes
---@field mode integer permission bits: `("%o"):format(mode)` is "644"
---@field uid integer
---@field gid integer
---@field ino integer
---@field dev integer
---@field nlink integer
---@field atime number seconds since 1970, with fractions
---@field mtime number
---@field ctime number

---Options of the functions that look at a file or at a symbolic link itself.
---@class fs.StatOptions
---@field follow? boolean false: of a symbolic link itself, as lstat does; default true

---What is known of a file.
---@async
---@param path string
---@param options? fs.StatOptions
---@return fs.Stat
function fs.stat(path, options) end

---Whether there is something at the path. False for ENOENT, ENOTDIR and ELOOP.
---@async
---@param path string
---@param options? fs.StatOptions
---@return boolean
function fs.exists(path, options) end

---Whether the process may do all of `wanted`; false also for what does not exist.
---@async
---@param path string
---@param wanted? string of the letters r, w and x; default "r"
---@return boolean
function fs.access(path, wanted) end

---Options of `fs.mkdir`.
---@class fs.MkdirOptions
---@field parents? boolean makes the directories above as well
---@field exist_ok? boolean a directory that is there already is no error
---@field mode? integer|string permission bits before the umask; a string is octal: "755". Default "777"

---Makes a directory.
---@async
---@param path string
---@param options? fs.MkdirOptions
---@return true
function fs.mkdir(path, options) end

---Options of `fs.remove`.
---@class fs.RemoveOptions
---@field recursive? boolean removes a directory with all that is in it

---Removes a file, a symbolic link (never what it leads to), or an empty directory.
---@async
---@param path string
---@param options? fs.RemoveOptions
---@return true
function fs.remove(path, options) end

---Renames or moves within a file system. A file that is at `to` is replaced, in one step. Errors have `target` = `to`.
---@async
---@param from string
---@param to string
---@return true
function fs.rename(from, to) end

-- Copies -------------------------------------------------------------------------------------------------------

---Options of `fs.copy`.
---@class fs.CopyOptions
---@field recursive? boolean a directory with all that is in it
---@field overwrite? boolean false: EEXIST when there is something at `to`; default true
---@field times? boolean copies have the times of what they are copies of
---@field follow? boolean what a symbolic link leads to, not the link; default true without `recursive`

---Copies a file, with its permission bits. Errors have `target` = where the copy was to be.
---@async
---@param from string
---@param to string
---@param options? fs.CopyOptions
---@return true
function fs.copy(from, to, options) end

---Renames, or copies and removes when that is between file systems.
---@async
---@param from string
---@param to string
---@return true
function fs.move(from, to) end

-- Temporary files ----------------------------------------------------------------------------------------------

---Options of `fs.tempfile` and `fs.tempdir`.
---@class fs.TempOptions
---@field dir? string where; default TMPDIR of the environment, else "/tmp"
---@field prefix? string of the name
---@field suffix? string of the name

---Makes a file that is removed when it is closed.
---@async
---@param options? fs.TempOptions
---@return fs.File
---@return string path
function fs.tempfile(options) end

---Makes a directory that is removed, with everything in it, when it is closed.
---@async
---@param options? fs.TempOptions
---@return fs.TempDir
function fs.tempdir(options) end

---A temporary directory.
---@class fs.TempDir
---@field path string
local TempDir = {}

---Removes it with everything in it, which happens even if the task is cancelled. A second time does nothing.
---@async
---@return true
function TempDir:close() end

-- Attributes ---------------------------------------------------------------------------------------------------

---Sets the permission bits.
---@async
---@param path string
---@param mode integer|string a string is octal: "755"
---@return true
function fs.chmod(path, mode) end

---Sets the owner and the group; nil leaves one as it is.
---@async
---@param path string
---@param uid? integer
---@param gid? integer
---@param options? fs.StatOptions
---@return true
function fs.chown(path, uid, gid, options) end

---Options of `fs.utime`.
---@class fs.UtimeOptions
---@field atime? number of the last access, seconds since 1970
---@field mtime? number of the last change
---@field follow? boolean false: of a symbolic link itself; default true

---Sets the times that are given; without any, both to the present.
---@async
---@param path string
---@param options? fs.UtimeOptions
---@return true
function fs.utime(path, options) end

---Cuts or lengthens a file.
---@async
---@param path string
---@param size? integer bytes, default 0
---@return true
function fs.truncate(path, size) end

---How much room a file system has.
---@class fs.Room
---@field total integer bytes
---@field free integer bytes
---@field available integer bytes that all users may take
---@field block_size integer bytes
---@field inodes integer
---@field inodes_free integer
---@field name_max integer bytes

---The file system that the path is on.
---@async
---@param path string
---@return fs.Room
function fs.statvfs(path) end

-- Links --------------------------------------------------------------------------------------------------------

---Makes `path` a symbolic link to `target`.
---@async
---@param target string
---@param path string
---@return true
function fs.symlink(target, path) end

---Makes `path` another name of the file `existing`.
---@async
---@param existing string
---@param path string
---@return true
function fs.link(existing, path) end

---The target of a symbolic link.
---@async
---@param path string
---@return string
function fs.readlink(path) end

---The absolute path without links, "." and "..".
---@async
---@param path string
---@return string
function fs.realpath(path) end

-- Directories --------------------------------------------------------------------------------------------------

---Options of `fs.list`.
---@class fs.ListOptions
---@field types? boolean gives `{name=, type=}` for each entry

---The names in a directory without "." and "..", sorted by their bytes.
---@async
---@param path string
---@param options? fs.ListOptions
---@return string[]
---@overload fun(path: string, options: { types: true }): { name: string, type: fs.Type }[]
function fs.list(path, options) end

---Options of `fs.walk`.
---@class fs.WalkOptions
---@field stat? boolean entries have all fields of `fs.stat`
---@field follow? boolean symbolic links are followed; each directory is entered once
---@field onerror? fun(err: any) gets the error of a directory that cannot be read, and the walk goes on

---What a walk gives beside each path; with the option `stat` all fields of an fs.Stat.
---@class fs.Entry : fs.Stat
---@field name string the last part of the path
---@field type fs.Type
---@field skip? boolean set it to true and the walk does not enter this directory

---`for path, entry in fs.walk(path) do`: everything below a directory, each directory before what is in it, the entries of
---one in the order of their names' bytes. Steps wait. Several tasks may step one walk: each entry goes to one of them.
---Without `onerror` the error of a directory that cannot be read is raised at that step; the next step goes on behind it.
---@param path string
---@param options? fs.WalkOptions
---@return fun(): string?, fs.Entry?
function fs.walk(path, options) end

---Options of `fs.glob`.
---@class fs.GlobOptions
---@field cwd? string the directory that a relative pattern counts from; default: the current one
---@field hidden? boolean names that begin with a dot are names like others
---@field onerror? fun(err: any) gets the error of a directory that cannot be read, and the search goes on

---`for path in fs.glob("src/**/*.lua") do`: the paths that exist and match, each once, in the order of a walk. Wildcards:
---`*`, `?`, `[a-z]`, `[!a-z]`, `{one,two}`, `**/`; a backslash takes a character's meaning away.
---@param pattern string
---@param options? fs.GlobOptions
---@return fun(): string?
---@return nil
---@return nil
---@return table
function fs.glob(pattern, options) end

-- Changes ------------------------------------------------------------------------------------------------------

---A change that a Watch tells of.
---@class fs.Change
---@field path string begins with the path that is watched
---@field kind "change"|"rename"|"overflow" contents or attributes; the name has come or gone; changes were lost

---What changes at a path: `for change in fs.watch(path) do`, which closes it.
---@class fs.Watch
---@operator call: fs.Change?
local Watch = {}

---Waits for the next change; nil once there will be none.
---@async
---@return fs.Change?
function Watch:next() end

---Ends it; who waits for a change gets nil. A second time does nothing.
function Watch:close() end

---Watches a file, or what is in a directory.
---@async
---@param path string
---@param options? { recursive?: boolean } recursive: everything below as well
---@return fs.Watch
---@return nil
---@return nil
---@return fs.Watch
function fs.watch(path, options) end

-- Paths as text, which do not wait -----------------------------------------------------------------------------

---The parts with one slash between them; an absolute part begins anew.
---@param ... string
---@return string
function fs.join(...) end

---The last part of the path.
---@param path string
---@param suffix? string taken off its end
---@return string
function fs.basename(path, suffix) end

---What is before the last part, "." when there is nothing.
---@param path string
---@return string
function fs.dirname(path) end

---The end of the last part from its last dot on, "" without one.
---@param path string
---@return string
function fs.extension(path) end

---Without ".", doubled slashes, a slash at the end, and ".." where it can be taken out.
---@param path string
---@return string
function fs.normalize(path) end

---Normalized, from the root on.
---@param path string
---@return string
function fs.absolute(path) end

---The way from the directory `start` to `path`.
---@param path string
---@param start? string default: the current directory
---@return string
function fs.relative(path, start) end

---The process's current directory.
---@return string
function fs.cwd() end

return fs

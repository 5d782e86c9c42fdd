#include "repl/prompt.hpp"

#include "repl/highlight.hpp"
#include "repl/hook.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>

namespace neap::repl {

namespace {

constexpr std::size_t kMostAtOnce =
    std::size_t{64} * 1024;  // bytes of what is typed or pasted; then others have a turn
constexpr std::string_view kHowToLeave = "(Ctrl-D or .exit leaves)";

Prompt* g_prompt = nullptr;  // the open one

bool wants_colour() {
  const char* refused = std::getenv("NO_COLOR");
  return refused == nullptr || *refused == '\0';
}

bool has_variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

/// Most terminals wrap lines again when their width changes; those that do not can be told by name. To take one of them
/// for another costs a few rows of earlier output; the other way round rows of the entry would be left on the screen.
Reflow reflow_of_terminal() {
  const char* term = std::getenv("TERM");
  const std::string_view name = term != nullptr ? term : "";
  if (has_variable("TMUX")) return Reflow::wraps_again;
  const bool keeps = has_variable("XTERM_VERSION") || name == "linux" || name.starts_with("screen") ||
                     name.starts_with("vt") || name.starts_with("rxvt");
  return keeps ? Reflow::keeps_rows : Reflow::wraps_again;
}

StyledText styled(std::string_view text, Style style) {
  StyledText result{std::string(text), {{0, text.size(), style}}};
  std::ranges::replace(result.text, '\n', ' ');
  return result;
}

void leave_at_exit() {
  if (g_prompt != nullptr) g_prompt->leave();
}

}  // namespace

Prompt::Prompt(Scheduler& scheduler, History history)
    : OpenHandle("prompt"),
      scheduler_(scheduler),
      lua_(scheduler.main_thread()),
      history_(std::move(history)),
      console_(
          Terminal::kOutput, wants_colour(),
          [](void* self) {
            uv_async_send(&static_cast<Prompt*>(self)->loop_side_->told);
            static_cast<Prompt*>(self)->scheduler_.loop().wake();
          },
          this),
      editor_(history_, hooks()) {}

// Opening and closing.

bool Prompt::is_any_open() { return g_prompt != nullptr; }

const char* Prompt::open(lua_State* L) {
  if (!open_loop_side()) return "uv_init";
  if (const int code = terminal_.open(); code != 0) {
    close_loop_side();
    errno = code;
    return "tcgetattr";
  }
  const auto ready = [](void* self) { static_cast<Prompt*>(self)->on_input(); };
  input_ = stdlib::io::Readiness::open(scheduler_.loop().uv(), Terminal::kInput, false, ready, this);
  if (input_ == nullptr || !redirect_.begin(console_, Terminal::errors_are_shown())) {
    const int code = errno;
    close();
    errno = code;
    return "open";
  }
  Signals::Owner owner;
  owner.self = this;
  owner.computes_in_foreground = [](void* self) { return static_cast<Prompt*>(self)->computes_in_foreground(); };
  owner.stopping = [](void* self, lua_State* code) { static_cast<Prompt*>(self)->stopping(code); };
  signals_.begin(scheduler_, loop_side_->told, owner);
  scheduler_.console = &console_;
  static const bool kRegistered = std::atexit(leave_at_exit) == 0;
  g_prompt = kRegistered ? this : nullptr;
  resize();
  opened(L);
  return nullptr;
}

bool Prompt::open_loop_side() {
  auto* side = new LoopSide();
  uv_loop_t* loop = scheduler_.loop().uv();
  const auto told = [](uv_async_t* handle) {
    if (Prompt* prompt = static_cast<LoopSide*>(handle->data)->owner) prompt->on_told();
  };
  if (uv_async_init(loop, &side->told, told) != 0) {
    delete side;
    return false;
  }
  uv_timer_init(loop, &side->escape);
  uv_prepare_init(loop, &side->before_wait);
  uv_check_init(loop, &side->after_wait);
  uv_prepare_start(&side->before_wait, [](uv_prepare_t* handle) {
    if (Prompt* prompt = static_cast<LoopSide*>(handle->data)->owner) prompt->flush();
  });
  uv_check_start(&side->after_wait, [](uv_check_t* handle) {
    if (Prompt* prompt = static_cast<LoopSide*>(handle->data)->owner) prompt->console_.begin_turn();
  });
  side->owner = this;
  side->each([side](uv_handle_t* handle) {
    handle->data = side;
    uv_unref(handle);
    ++side->open;
  });
  loop_side_ = side;
  return true;
}

void Prompt::close_loop_side() {
  LoopSide* side = std::exchange(loop_side_, nullptr);
  if (side == nullptr) return;
  side->owner = nullptr;
  side->each([](uv_handle_t* handle) {
    uv_close(handle, [](uv_handle_t* closed) {
      auto* data = static_cast<LoopSide*>(closed->data);
      if (--data->open == 0) delete data;
    });
  });
}

void Prompt::close() {
  if (is_closed()) return;
  if (reading()) end_read(Answer::end, nullptr);
  closed();
  if (g_prompt == this) g_prompt = nullptr;
  scheduler_.console = nullptr;
  redirect_.end();
  signals_.end();
  terminal_.restore();
  if (input_ != nullptr) std::exchange(input_, nullptr)->close();
  close_loop_side();
}

void Prompt::leave() {
  redirect_.flush();
  console_.settle();
  terminal_.restore();
  g_prompt = nullptr;
}

// Hooks.

LineEditor::Hooks Prompt::hooks() {
  LineEditor::Hooks hooks;
  hooks.is_complete = [this](std::string_view entry) {
    bool complete = true;
    call_hook({.L = lua_, .prompt = this, .name = "is_complete", .text = entry, .yes = &complete});
    return complete;
  };
  hooks.complete = [this](std::string_view entry, std::size_t cursor) {
    Completion completion;
    completion.from = cursor;
    const HookCall call{
        .L = lua_, .prompt = this, .name = "complete", .text = entry, .cursor = cursor, .completion = &completion};
    if (!call_hook(call)) completion.candidates.clear();
    return completion;
  };
  hooks.describe = [this](std::string_view entry, std::size_t cursor) {
    StyledText line;
    call_hook({.L = lua_, .prompt = this, .name = "describe", .text = entry, .cursor = cursor, .line = &line});
    return line;
  };
  hooks.highlight = [this](std::string_view entry, std::size_t cursor) {
    return highlight(entry, cursor, [this](std::string_view name) {
      bool known = false;
      call_hook({.L = lua_, .prompt = this, .name = "names", .text = name, .yes = &known});
      return known;
    });
  };
  return hooks;
}

// Reading.

void Prompt::begin_read(lua_State* L, Task& task, std::string_view prompt, std::string_view continuation,
                        std::string_view text) {
  lua_ = L;
  begin_row();
  terminal_.raw();
  resize();
  prompt_ = styled(prompt, Style::prompt);
  continuation_ = styled(continuation, Style::faint);
  editor_.begin(prompt_, continuation_, std::string(text));
  reader_ = &task;
  answer_ = Answer::none;
  draw();
  input_->start();
  if (!keys_.empty()) uv_async_send(&loop_side_->told);
  lua_ = scheduler_.main_thread();
}

/// The read is over; the block stays as it is, or as the view.
void Prompt::end_read(Answer answer, const View* view) {
  Task* reader = stop_reading(view);
  answer_ = answer;
  scheduler_.wake(*reader);
}

/// The task that was reading is given back.
Task* Prompt::stop_reading(const View* view) {
  if (input_ != nullptr) input_->stop();
  uv_timer_stop(&loop_side_->escape);
  redirect_.flush();
  if (view != nullptr) {
    console_.finish(*view);
  } else {
    console_.settle();
  }
  terminal_.cooked();
  return std::exchange(reader_, nullptr);
}

void Prompt::abandon_read() { stop_reading(nullptr); }

void Prompt::draw() {
  changed_ = false;
  const Size size = Terminal::size();
  console_.show(editor_.view(size.columns, size.rows));
  console_.flush();
}

void Prompt::resize() {
  const Size size = Terminal::size();
  console_.resize(size.columns, size.rows, reflow_of_terminal());
}

/// At the end of a turn.
void Prompt::flush() {
  redirect_.flush();
  console_.flush();
}

void Prompt::on_input() {
  heed_signals();
  if (!reading()) return;
  std::string bytes;
  const bool there = Terminal::read(bytes, kMostAtOnce);
  feed(bytes);
  if (!there && reading()) {
    const View view = editor_.final_view();
    end_read(Answer::end, &view);
  }
}

void Prompt::feed(std::string_view bytes) {
  std::vector<Key> keys;
  decoder_.feed(bytes, keys);
  keys_.insert(keys_.end(), std::make_move_iterator(keys.begin()), std::make_move_iterator(keys.end()));
  uv_timer_stop(&loop_side_->escape);
  if (decoder_.pending()) {
    uv_update_time(scheduler_.loop().uv());
    const auto over = [](uv_timer_t* handle) {
      if (Prompt* prompt = static_cast<LoopSide*>(handle->data)->owner) prompt->on_escape();
    };
    uv_timer_start(&loop_side_->escape, over, KeyDecoder::kEscapeDelay, 0);
  }
  run_keys();
}

/// Nothing has come behind an Escape: it was the key.
void Prompt::on_escape() {
  std::vector<Key> keys;
  decoder_.flush(keys);
  keys_.insert(keys_.end(), std::make_move_iterator(keys.begin()), std::make_move_iterator(keys.end()));
  run_keys();
}

/// All that have come are drawn at once.
void Prompt::run_keys() {
  while (reading() && !keys_.empty()) {
    const Key key = std::move(keys_.front());
    keys_.pop_front();
    run_key(key);
  }
  if (reading() && changed_) draw();
}

void Prompt::run_key(const Key& key) {
  switch (editor_.key(key)) {
    case LineEditor::Outcome::none: return;
    case LineEditor::Outcome::changed: changed_ = true; return;
    case LineEditor::Outcome::submitted: return answer_with(Answer::entry);
    case LineEditor::Outcome::edit: return answer_with(Answer::edit);
    case LineEditor::Outcome::end_of_input: return answer_with(Answer::end);
    case LineEditor::Outcome::interrupted: return put_away();
    case LineEditor::Outcome::suspended: return suspend();
    case LineEditor::Outcome::cleared:
      console_.clear();
      changed_ = true;
      return;
    case LineEditor::Outcome::bell:
      console_.send("\a");
      changed_ = true;
      return;
  }
}

void Prompt::answer_with(Answer answer) {
  entry_ = editor_.text();
  if (answer == Answer::entry) history_.add(entry_);
  const View view = editor_.final_view();
  end_read(answer, &view);
}

/// Ctrl-C: the entry stays on the screen, and another begins.
void Prompt::put_away() {
  View view = editor_.final_view();
  std::string note;
  if (editor_.text().empty()) {
    note.append(sequence_of(Style::faint, wants_colour())).append(kHowToLeave).append("\x1b[0m\r\n");
  } else {
    view.text += "^C";
    view.cursor = view.text.size();
  }
  console_.finish(view, note);
  editor_.begin(prompt_, continuation_);
  changed_ = true;
}

/// Ctrl-Z: this process is stopped, and goes on here.
void Prompt::suspend() {
  console_.settle();
  terminal_.cooked();
  Signals::stop_process();
  terminal_.raw();
  signals_.take();  // that it goes on is known
  resize();
  console_.fresh_line();
  changed_ = true;
}

// Signals.

void Prompt::on_told() {
  heed_signals();
  run_keys();
  console_.flush();
}

void Prompt::heed_signals() {
  const SignalNews news = signals_.take();
  if (news.resized) {
    resize();
    changed_ = true;
  }
  if (news.resumed && reading()) {
    terminal_.raw_again();
    resize();
    console_.redraw();
    changed_ = true;
  }
  if (news.interrupt) interrupt(news);
  if (news.suspend && reading()) {
    suspend();
  } else if (news.suspend) {
    begin_row();
    deliver("suspend");
  }
  if (reading() && changed_) draw();
}

void Prompt::interrupt(const SignalNews& news) {
  if (!reading()) {
    if (news.hooked) return;
    begin_row();
    deliver("interrupt");
    return;
  }
  if (news.hooked) return;
  std::string bytes;
  Terminal::read(bytes, *news.interrupt);
  feed(bytes);
  if (!reading()) return;
  on_escape();
  Key key;
  key.kind = Key::Kind::control;
  key.code = 'c';
  run_key(key);
}

void Prompt::deliver(const char* signal) { call_hook({.L = lua_, .prompt = this, .name = signal}); }

/// The terminal has shown "^C" within whatever row.
void Prompt::begin_row() {
  redirect_.flush();
  console_.fresh_line();
}

bool Prompt::computes_in_foreground() const {
  return !reading() && scheduler_.current() != nullptr && scheduler_.current() == scheduler_.find(foreground_);
}

/// In the code that Ctrl-C stops.
void Prompt::stopping(lua_State* L) {
  if (!reading()) begin_row();
  call_hook({.L = L, .prompt = this, .name = "interrupt", .at_once = true});
}

}  // namespace neap::repl

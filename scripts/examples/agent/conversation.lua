-- What the scripted model says. See agent/script_model.lua for the form.
return {
  {
    when = "add (%-?[%d.]+) and (%-?[%d.]+)",
    { say = "Let me work it out.", calls = { { "add", { a = "%1", b = "%2" } } } },
    { say = "The sum of %1 and %2 is $1." },
  },
  {
    when = "search for (%w+)",
    { say = "I look through the notes.", calls = { { "search_notes", { word = "%1" } } } },
    { say = "The word %1 is in: $1." },
  },
  {
    when = "tides?",
    {
      say = "That may be in two notes. I read both, and look where else.",
      calls = {
        { "read_note", { name = "moon" } },
        { "read_note", { name = "harbour" } },
        { "search_notes", { word = "tide" } },
      },
    },
    { say = "Let me count what there is.", calls = { { "count_words", { text = "$1 $2" } } } },
    { say = "$4 words about tides, in the notes $3. In short: $1" },
  },
  {
    when = "delete (%w+)",
    { calls = { { "delete_note", { name = "%1" } } } },
    { say = "That was not possible: $1." },
  },
  {
    when = "what time",
    { calls = { { "clock" } } },
    { say = "It is $1 o'clock." },
  },
  {
    when = "crash",
    { say = "One moment.", calls = { { "no_such_tool" } }, pause = 0.2 },
    { fail = "the model is overloaded" },
  },
  {
    when = "story",
    {
      say = "Once upon a time there was a boat that lay on the sand, and waited for the sea to come"
        .. " back. Twice a day it came, and twice a day it went, and the boat wondered who was"
        .. " behind it. It was the moon, of course, and when the moon was half, it did not try very"
        .. " hard.",
    },
  },
  {
    when = "^h[ei]",
    {
      say = "Hello. Ask me to add 2 and 3, to search for a word, about the tides, for the time, or "
        .. "for a story.",
    },
  },
}

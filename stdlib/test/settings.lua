-- What the command line asks for, as far as tests and reports heed it.
return {
  timeout = 5,  -- seconds
  seed = nil,
  cancel_at = nil,
  filter = nil, -- a plain part of the full name
  repeats = 1,
  shuffle = nil, -- the seed of the order
  bail = false,
  colour = false,
}

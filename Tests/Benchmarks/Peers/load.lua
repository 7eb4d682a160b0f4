-- Sends the requests of a file in turn. The file: for each request its length in decimal digits, a newline, its bytes.
local requests = {}
local next_request = 0
local threads = 0

function setup(thread)
  thread:set("first", threads)
  threads = threads + 1
end

function init(arguments)
  local file = assert(io.open(os.getenv("B2WATCH_REQUESTS"), "rb"))
  for length in file:lines() do
    requests[#requests + 1] = file:read(tonumber(length))
  end
  file:close()
  -- The threads begin at different requests, so that few are sent twice.
  next_request = math.floor(#requests / 2) * first
end

function request()
  next_request = next_request % #requests + 1
  return requests[next_request]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end

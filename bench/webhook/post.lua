-- For wrk: posts a file as application/json, and prints one line of JSON at the end. With the word "new" behind the file,
-- no two bodies are alike: the pod's name is another in each.
local before, after
local count = 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local body = file:read("*a")
  file:close()
  if args[2] == "new" then
    local from, to = body:find("web-7d4f5c6b8-", 1, true)
    before = body:sub(1, from - 1)
    after = body:sub(to + 1)
    request = newRequest
  end
  wrk.method = "POST"
  wrk.body = body
  wrk.headers["content-type"] = "application/json"
end

function newRequest()
  count = count + 1
  return wrk.format(nil, nil, nil, before .. string.format("web-%09d-", count) .. after)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"ms":%.3f,"errors":%d,"p50":%.4f,"p99":%.4f}\n',
    summary.requests, summary.duration / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000
  ))
end

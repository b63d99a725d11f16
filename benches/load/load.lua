-- Signs TrustLens deliveries as fast as wrk sends them, each with a body of its own. MODE is
-- "genuine", "forged" (the signature's last digit is changed, so the whole body is hashed) or
-- "mixed" (by turns). Counts the answers: a wrong one is a 204 too many or anything but 204 and 401.
local ffi = require("ffi")
ffi.cdef [[
  unsigned char *HMAC(const void *md, const void *key, int key_len, const unsigned char *data,
                      size_t len, unsigned char *out, unsigned int *out_len);
  const void *EVP_sha256(void);
]]
local crypto = ffi.load(os.getenv("CRYPTO") or "crypto")
local key, mode = os.getenv("TRUSTLENS_SECRET"), os.getenv("MODE")
local threads = {}

function setup(thread)
  thread:set("id", #threads)
  table.insert(threads, thread)
end

local out, md = ffi.new("unsigned char[32]"), crypto.EVP_sha256()
local function sign(text)
  crypto.HMAC(md, key, #key, text, #text, out, nil)
  local hex = {}
  for i = 0, 31 do hex[i + 1] = string.format("%02x", out[i]) end
  return table.concat(hex)
end

sent_genuine, sent_forged, accepted, refused, other = 0, 0, 0, 0, 0
local start = os.time()

function request()
  local n = sent_genuine + sent_forged
  local body = string.format(
    '{"event":"score_updated","delivery_id":"%d-%d-%d","timestamp":"2026-06-05T14:23:00+00:00","customer":{"email_hash":"a3f2c1d4e5b60718293a4b5c6d7e8f90a3f2c1d4e5b60718293a4b5c6d7e8f90","trust_score":34,"segment":"risk","total_orders":12,"total_refunds":5,"return_rate":41.7,"is_blocked":false},"new_score":34,"new_segment":"risk"}',
    start, id, n)
  local timestamp = tostring(os.time())
  local signature = sign(timestamp .. "." .. body)
  if mode == "forged" or (mode == "mixed" and n % 2 == 1) then
    signature = signature:sub(1, 63) .. (signature:sub(64) == "0" and "1" or "0")
    sent_forged = sent_forged + 1
  else
    sent_genuine = sent_genuine + 1
  end
  return wrk.format("POST", "/trustlens", {
    ["Content-Type"] = "application/json",
    ["X-TrustLens-Timestamp"] = timestamp,
    ["X-TrustLens-Signature"] = "sha256=" .. signature,
  }, body)
end

function response(status)
  if status == 204 then accepted = accepted + 1
  elseif status == 401 then refused = refused + 1
  else other = other + 1 end
end

function done(summary, latency)
  local sum = {}
  for _, name in ipairs { "sent_genuine", "sent_forged", "accepted", "refused", "other" } do
    sum[name] = 0
    for _, thread in ipairs(threads) do sum[name] = sum[name] + thread:get(name) end
  end
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  local wrong = sum.other + failed
  if mode == "genuine" then wrong = wrong + sum.refused end
  if mode == "forged" and not os.getenv("PLAIN") then wrong = wrong + sum.accepted end
  if mode == "mixed" and not os.getenv("PLAIN") then
    wrong = wrong + math.max(0, sum.accepted - sum.sent_genuine) + math.max(0, sum.refused - sum.sent_forged)
  end
  print(string.format("RESULT %.0f %.2f %.2f %d %d %d", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, sum.accepted, sum.refused, wrong))
end

#!/bin/bash
# Runs one phase of a build: takes its variables, hands the specification to the agent, and leaves what the agent wrote in
# S3. Needs bash, node, aws (only `aws s3 cp`), and mkdir, tee, tail and sleep.
#
#   FABLE_PHASE          core or oi
#   FABLE_BUILD_ID       the build
#   FABLE_BUILD_SPEC     its specification as JSON, or {"specKey": "builds/<build>/spec.json"} where it lies in S3
#   ARTIFACTS_BUCKET     where outputs go
#   FABLE_AGENT_COMMAND  the agent, with arguments if need be; claude
#   FABLE_WORK_DIR       where it works; /fable/work
#
# Exit codes: 0 the phase is done; 1 it failed, and a failed document says why; 64 a variable is missing or bad, and
# nothing has been done; 143 stopped by SIGTERM.
set -uo pipefail
# As process 1 it would not be stopped otherwise.
trap 'exit 143' TERM INT

readonly phase=${FABLE_PHASE:-} build_id=${FABLE_BUILD_ID:-} spec=${FABLE_BUILD_SPEC:-} bucket=${ARTIFACTS_BUCKET:-}
readonly work_dir=${FABLE_WORK_DIR:-/fable/work}
readonly log=$work_dir/.agent.log
readonly log_lines=50
# Of ECS's 30 seconds between SIGTERM and SIGKILL, in tenths.
readonly patience=200

child=''

say() {
  printf 'fable-build: %s\n' "$1" >&2
}

# ---- variables

# Exits with 0 when standard input is the JSON object that a specification is. Prints the key of one that lies in S3.
check_spec() {
  node -e '
    let value;
    try { value = JSON.parse(require("node:fs").readFileSync(0, "utf8")); } catch { process.exit(1); }
    if (typeof value !== "object" || value === null || Array.isArray(value)) process.exit(1);
    if (!Object.hasOwn(value, "specKey")) process.exit(0);
    // A key of another build would be the specification of somebody else.
    if (value.specKey !== process.argv[1] || Object.keys(value).length !== 1) process.exit(1);
    console.log(value.specKey);
  ' "builds/$build_id/spec.json" <<<"$spec"
}

problems=()
[[ $phase == core || $phase == oi ]] || problems+=('FABLE_PHASE must be core or oi')
[[ $build_id =~ ^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$ ]] || problems+=('FABLE_BUILD_ID must be the id of a build')
[[ $bucket =~ ^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$ ]] || problems+=('ARTIFACTS_BUCKET must be the name of a bucket')
read -r -a agent <<<"${FABLE_AGENT_COMMAND-claude}"
((${#agent[@]} > 0)) || problems+=('FABLE_AGENT_COMMAND is empty')
spec_key=$(check_spec) || problems+=('FABLE_BUILD_SPEC must be a JSON object, or {"specKey": ...} of this build')
if ((${#problems[@]} > 0)); then
  for problem in "${problems[@]}"; do say "$problem"; done
  exit 64
fi

readonly folder=s3://$bucket/builds/$build_id

# ---- processes

# Stops what is running, with all that it has started.
stop() {
  trap '' TERM INT
  say 'stopping'
  if [[ -n $child ]]; then
    kill -TERM -- "-$child" 2>/dev/null
    for ((tenth = 0; tenth < patience; tenth++)); do
      kill -0 -- "-$child" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL -- "-$child" 2>/dev/null
  fi
  exit 143
}
trap stop TERM INT

# Runs a command as a process group of its own, so that a signal is heeded meanwhile and reaches all of it.
run() {
  local status
  set -m
  "$@" </dev/null &
  child=$!
  set +m
  wait "$child"
  status=$?
  # What the command left behind would hold the log open.
  kill -KILL -- "-$child" 2>/dev/null
  child=''
  return "$status"
}

copy() {
  run aws s3 cp "$1" "$2" --only-show-errors
}

# ---- the end

# Uploads a document that tells of the failure, with the end of the agent's log, and ends the container.
fail() {
  say "$1"
  [[ -e $log ]] || : >"$log"
  tail -n "$log_lines" "$log" | node -e '
    const [, buildId, phase, error] = process.argv;
    const text = require("node:fs").readFileSync(0, "utf8").replace(/\n$/, "");
    const log = text === "" ? [] : text.split("\n").map((line) => line.slice(0, 1000));
    console.log(JSON.stringify({ buildId, phase, status: "failed", error, log }));
  ' "$build_id" "$phase" "$1" >"$work_dir/.failed.json"
  copy "$work_dir/.failed.json" "$folder/$phase-output.json" || say 'the failure could not be uploaded'
  exit 1
}

# ---- the prompts

prompt() {
  printf '%s\n' \
    "You work on build $build_id without anybody to ask: decide yourself, and say in the output what you decided." \
    "The specification of the build is in ./spec.json. Work in the current directory only."
  case $phase in
  core)
    printf '%s\n' \
      'This is phase CORE: plan the build. Work out the specifications of its parts, the templates that they are made' \
      'from, and a knowledge graph of what depends on what. Write no code of the product yet.' \
      "When you are done, write ./output.json: {\"buildId\": \"$build_id\", \"phase\": \"core\", \"status\": \"completed\"," \
      '"specifications": [...], "templates": [...], "knowledgeGraph": {"nodes": [...], "edges": [...]}}.'
    ;;
  oi)
    printf '%s\n' \
      'This is phase OI: carry the plan out. It is in ./core-output.json: its specifications, templates and knowledge' \
      'graph. Spawn workers for its parts, have them write the code and its tests, and run all tests.' \
      "When you are done, write ./output.json: {\"buildId\": \"$build_id\", \"phase\": \"oi\", \"status\": \"completed\"," \
      '"workers": [...], "files": [{"path": ..., "content": ...}], "tests": {"passed": n, "failed": n}, "summary": "..."}.'
    ;;
  esac
  printf '%s\n' \
    'If it cannot be done, write the same with "status": "failed" and the reason as "error". It must be valid JSON, and' \
    'the last thing that you write.'
}

# ---- the phase

if ! mkdir -p "$work_dir" || ! cd "$work_dir"; then
  say "$work_dir cannot be worked in"
  exit 1
fi
: >"$log"

if [[ -n $spec_key ]]; then
  copy "s3://$bucket/$spec_key" spec.json || fail 'the specification could not be downloaded'
else
  printf '%s\n' "$spec" >spec.json
fi
if [[ $phase == oi ]]; then
  copy "$folder/core-output.json" core-output.json || fail 'the output of phase core could not be downloaded'
fi

say "phase $phase of build $build_id"
# The log goes to the container's output as it is written, and to a file.
exec 3> >(exec tee -a "$log")
logger=$!
run "${agent[@]}" --print --dangerously-skip-permissions "$(prompt)" >&3 2>&1
status=$?
exec 3>&-
wait "$logger"

((status == 0)) || fail "the agent ended with exit code $status"
[[ -s output.json ]] || fail 'the agent left no output.json'
copy output.json "$folder/$phase-output.json" || fail 'the output could not be uploaded'

# Unreadable output is left to whoever reads it; a phase that says that it has failed has failed.
if node -e '
  try { process.exitCode = JSON.parse(require("node:fs").readFileSync("output.json", "utf8")).status === "failed" ? 0 : 1; }
  catch { process.exitCode = 1; }
'; then
  say 'the agent says that the phase has failed'
  exit 1
fi
say "phase $phase is done"

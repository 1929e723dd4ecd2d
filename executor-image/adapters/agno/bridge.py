"""Runs one turn of an agent, or of a team of agents, of the library Agno.

The runner's adapter starts it, and speaks to it in lines of JSON. The first line on stdin is the request (Request in
bridge-messages.ts); later ones answer questions of permission: {"permission": ID, "allow": true, "message": "..."}.
Lines on stdout are what happens (BridgeMessage). Nothing else is written there: the library's own words go to stderr.
The only argument is the folder with the library and its packages.
"""

import asyncio
import base64
import json
import os
import sys
import time

# Python runs isolated (-I), so that nothing which a repository brings along is imported.
sys.path.append(sys.argv[1])
os.environ["AGNO_TELEMETRY"] = "false"

OUT = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
sys.stdout = sys.stderr


def tell(type_, **fields):
    OUT.write(json.dumps({"type": type_, **fields}, default=str) + "\n")
    OUT.flush()


class Permissions:
    """Asks the runner, one question per call."""

    def __init__(self, asks):
        self.asks = asks
        self.waiting = {}
        self.count = 0

    def take(self, answer):
        future = self.waiting.pop(answer.get("permission"), None)
        if future is not None and not future.done():
            future.set_result(answer)

    async def hook(self, function_name, function_call, arguments):
        """A hook around each call of a tool. Tools of MCP servers go through the runner's gate, which asks itself."""
        if self.asks and not function_name.startswith("mcp__"):
            self.count += 1
            future = asyncio.get_running_loop().create_future()
            self.waiting[self.count] = future
            tell("permission", id=self.count, name=function_name, input=arguments)
            answer = await future
            if not answer.get("allow"):
                return f"Not allowed: {answer.get('message') or 'no reason was given'}"
        # In a thread, so that a command that takes long holds up neither the answers nor the other members.
        if asyncio.iscoroutinefunction(function_call):
            return await function_call(**arguments)
        result = await asyncio.to_thread(function_call, **arguments)
        return await result if asyncio.iscoroutine(result) else result


class Stops:
    """Why the model's answers ended: the library itself does not tell."""

    KNOWN = {
        "length": "length",
        "max_tokens": "length",
        "max_output_tokens": "length",
        "model_context_window_exceeded": "length",
        "content_filter": "refused",
        "refusal": "refused",
    }

    def __init__(self):
        self.last = None
        self.ended = False

    def begin(self):
        self.ended = False

    def see(self, event):
        reason = self._reason(event)
        if reason is None:
            return
        self.ended = True
        self.last = self.KNOWN.get(reason, "complete")

    def _reason(self, event):
        kind = getattr(event, "type", None)
        if kind == "response.refusal.delta":
            return "refusal"
        if kind in ("response.completed", "response.incomplete", "response.failed"):
            details = event.response.incomplete_details
            return getattr(details, "reason", None) or (self.last if self.last == "refused" else "stop")
        for choice in getattr(event, "choices", None) or []:
            if getattr(choice.delta, "refusal", None):
                self.last = "refused"
            if choice.finish_reason is not None:
                return "refusal" if self.last == "refused" else choice.finish_reason
        holder = getattr(event, "delta", None) if kind == "message_delta" else getattr(event, "message", None)
        return getattr(holder, "stop_reason", None)


def observed(base, stops):
    """The model class `base`, with its stream shown to `stops`."""

    class Observed(base):
        async def ainvoke_stream(self, *args, **kwargs):
            stops.begin()
            async for piece in super().ainvoke_stream(*args, **kwargs):
                yield piece

        def _parse_provider_response_delta(self, event, *args, **kwargs):
            stops.see(event)
            return super()._parse_provider_response_delta(event, *args, **kwargs)

    return Observed


def make_model(spec, stops, name=None):
    common = {"id": name or spec["name"], "api_key": spec["apiKey"]}
    limit = spec.get("maxOutputTokens")
    timeout = spec["timeoutSeconds"]
    if spec["protocol"] == "anthropic":
        from agno.models.anthropic import Claude

        # The client adds the version to the path itself.
        params = {"base_url": spec["baseURL"], "max_retries": spec["retries"]}
        model = observed(Claude, stops)(**common, timeout=timeout, client_params=params)
        if limit:
            model.max_tokens = limit
        return model
    client = {"base_url": spec["baseURL"], "timeout": timeout, "max_retries": spec["retries"]}
    if spec["protocol"] == "openai":
        from agno.models.openai import OpenAIChat

        return observed(OpenAIChat, stops)(**common, **client, max_tokens=limit)
    from agno.models.openai import OpenAIResponses

    return observed(OpenAIResponses, stops)(**common, **client, max_output_tokens=limit, store=False)


def make_tools(request):
    if not request["ownTools"]:
        return []
    from agno.tools.coding import CodingTools

    return [
        CodingTools(
            base_dir=request["folder"],
            restrict_to_base_dir=False,
            shell_timeout=request["timeoutSeconds"],
            all=True,
        )
    ]


async def connect(servers, timeout):
    """The MCP servers, connected; each is closed by the task that has opened it."""
    if not servers:
        return []
    from agno.tools.mcp import MCPTools
    from agno.tools.mcp.params import StreamableHTTPClientParams

    connected = []
    for server in servers:
        headers = {"Authorization": f"Bearer {server['token']}"}
        params = StreamableHTTPClientParams(url=server["url"], headers=headers, sse_read_timeout=timeout)
        tools = MCPTools(
            transport="streamable-http",
            server_params=params,
            timeout_seconds=timeout,
            tool_name_prefix=f"mcp__{server['name']}_",
        )
        await tools.connect()
        # The library only logs it.
        if not tools.initialized:
            raise RuntimeError(f"MCP server {server['name']} cannot be used")
        connected.append(tools)
    return connected


def make_runner(request, tools, hooks, stops):
    """The agent, or the team of agents, of the request."""
    from agno.agent import Agent
    from agno.db.sqlite import SqliteDb

    agent = request["agent"]
    settings = {
        "name": agent["name"],
        "model": make_model(request["model"], stops),
        "instructions": agent.get("systemPrompt"),
        "db": SqliteDb(db_file=request["database"]),
        "session_id": request["sessionId"],
        "user_id": "troupe",
        "add_history_to_context": True,
        "num_history_runs": request["historyRuns"],
        "enable_agentic_memory": request["memory"],
        "telemetry": False,
        "tool_hooks": hooks,
    }
    team = request.get("team")
    if team is None:
        return Agent(**settings, tools=tools)
    from agno.team import Team, TeamMode

    members = [
        Agent(
            name=member["name"],
            role=member.get("role"),
            instructions=member.get("instructions"),
            # Members may answer at the same time: only the leader's answers are those of the run.
            model=make_model(request["model"], Stops(), member.get("model")),
            tools=tools,
            tool_hooks=hooks,
            telemetry=False,
        )
        for member in team["members"]
    ]
    return Team(
        **settings, members=members, mode=TeamMode(team["mode"]), max_iterations=team["maxIterations"]
    )


def images_of(request):
    from agno.media import Image

    return [
        Image(content=base64.b64decode(image["data"]), mime_type=image["mediaType"])
        for image in request.get("images", [])
    ]


class Teller:
    """Tells the events of the library."""

    def __init__(self, lead):
        self.lead = lead
        self.failure = None
        self.value = ""
        # The agent's words since it called its model last.
        self.words = ""

    def take(self, event):
        kind = event.event
        of_team = kind.startswith("Team")
        name = getattr(event, "agent_name", None)
        # The member that speaks; absent for the agent itself, and for the leader of a team.
        who = {} if of_team or name in (None, self.lead) else {"agent": name}
        handler = getattr(self, "on_" + (kind[4:] if of_team else kind), None)
        if handler is not None:
            handler(event, who)

    def on_RunContent(self, event, who):
        if getattr(event, "reasoning_content", None):
            tell("thinking", text=event.reasoning_content, **who)
        if isinstance(event.content, str) and event.content:
            tell("text", text=event.content, **who)
            if not who:
                self.words += event.content

    def on_ModelRequestStarted(self, event, who):
        if not who:
            self.words = ""
        tell("alive")

    def on_ModelRequestCompleted(self, event, who):
        tell(
            "usage",
            model=event.model,
            # Anthropic counts what came from a cache beside the input, the others within it.
            cachedInInput=event.model_provider != "Anthropic",
            input=event.input_tokens or 0,
            output=event.output_tokens or 0,
            cacheRead=event.cache_read_tokens or 0,
            cacheWrite=event.cache_write_tokens or 0,
        )

    def on_ToolCallStarted(self, event, who):
        tool = event.tool
        tell("tool_call", id=tool.tool_call_id, name=tool.tool_name, input=tool.tool_args or {}, **who)

    def on_ToolCallCompleted(self, event, who):
        tool = event.tool
        tell("tool_result", id=tool.tool_call_id, output=tool.result or "", isError=bool(tool.tool_call_error), **who)

    def on_ToolCallError(self, event, who):
        tool = event.tool
        tell("tool_result", id=tool.tool_call_id, output=tool.result or event.error or "", isError=True, **who)

    def on_TaskCreated(self, event, who):
        tell("log", text=f"Task: {getattr(event, 'title', '')}")

    def on_RunError(self, event, who):
        if not who:
            self.failure = {"message": event.content or "no message", "kind": event.error_type or ""}
        else:
            tell("log", text=f"{who['agent']}: {event.content}")

    def on_RunCancelled(self, event, who):
        self.failure = {"message": getattr(event, "reason", None) or "the run was cancelled", "kind": "cancelled"}

    def on_RunCompleted(self, event, who):
        if who or event.content is None:
            return
        # The library's own value has all that was said before the tools, too.
        content = event.content
        whole = content if isinstance(content, str) else json.dumps(content, default=str)
        self.value = self.words or whole


async def answers(permissions):
    """Reads stdin to its end; the runner closes it when it wants nothing any more."""
    loop = asyncio.get_running_loop()
    while True:
        line = await loop.run_in_executor(None, sys.stdin.readline)
        if not line:
            return
        permissions.take(json.loads(line))


async def run(request):
    permissions = Permissions(request["asks"])
    reading = asyncio.create_task(answers(permissions))
    stops = Stops()
    servers = await connect(request["servers"], request["timeoutSeconds"])
    try:
        runner = make_runner(request, [*make_tools(request), *servers], [permissions.hook], stops)
        if request["fork"]:
            runner.session_id = runner.fork_session(source_session_id=request["sessionId"], user_id="troupe")
        tell("session", id=runner.session_id)
        teller = Teller(request["agent"]["name"])
        stream = runner.arun(
            request["prompt"],
            images=images_of(request),
            session_id=runner.session_id,
            stream=True,
            stream_events=True,
        )
        async for event in stream:
            teller.take(event)
    finally:
        for server in servers:
            await server.close()
        reading.cancel()
    if teller.failure is not None:
        tell("failed", **teller.failure)
    else:
        tell("done", value=teller.value, stop=stops.last, ended=stops.ended)


def main():
    started = time.monotonic()
    request = json.loads(sys.stdin.readline())
    import agno  # noqa: F401  so that a missing library is told before anything else
    from importlib.metadata import version

    tell("ready", version=version("agno"), seconds=round(time.monotonic() - started, 3))
    try:
        asyncio.run(run(request))
    except Exception as error:  # told to the runner, which decides what it means
        import traceback

        traceback.print_exc()
        tell("failed", message=f"{type(error).__name__}: {error}", kind="exception")
    OUT.flush()
    # A thread may still wait for a line or for a command; nobody waits for it.
    os._exit(0)


main()

import json
import os
import threading
from pathlib import Path

from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from node_executor.function_log import FunctionLog
from node_executor.node_process import NodeProcess, ProcessEnded

MAX_INVOCATION_LOG_BYTES = 1024 * 1024  # CloudWatch's answers hold no more; the function's file has all of it
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")


def layers_of(function_version) -> list:
    """What its layers hold, the last first: of files of one name the last counts, as on AWS."""
    return [layer.code for layer in reversed(function_version.config.layers)]


class NodeExecutorPlugin(RuntimeExecutorPlugin):
    name = "node"

    def load(self, *args, **kwargs):
        return NodeExecutor


class NodeExecutor(RuntimeExecutor):
    """One execution environment: at most one process at a time, a fresh one after a timeout or an end of its own."""

    def __init__(self, id, function_version) -> None:
        super().__init__(id, function_version)
        self._process: NodeProcess | None = None
        self._stopped = False
        self._changing = threading.Lock()
        self._environment: dict[str, str] = {}
        self._log = FunctionLog(os.environ.get("LAMBDA_LOGS"), function_version.id.function_name)
        self._recent = bytearray()

    # Everything is on this machine.
    def get_address(self) -> str:
        return "127.0.0.1"

    def get_endpoint_from_executor(self) -> str:
        return "127.0.0.1"

    def get_runtime_endpoint(self) -> str:
        return ""

    @classmethod
    def prepare_version(cls, function_version) -> None:
        if not function_version.config.code:
            raise RuntimeError("functions of a container image cannot run here")
        for code in (function_version.config.code, *layers_of(function_version)):
            code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version) -> None:
        pass

    def start(self, env_vars: dict[str, str]) -> None:
        self._environment = self._environment_of(env_vars)
        self._running_process()

    def stop(self) -> None:
        with self._changing:
            self._stopped = True
        self._end()

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        request_id, timeout = payload["invoke-id"], self.function_version.config.timeout
        self._recent.clear()
        message = json.dumps({**payload, "timeout-ms": timeout * 1000}).encode() + b"\n"
        try:
            answer = self._running_process().ask(message, timeout)
            is_error, body = answer[:1] == b"E", answer[1:]
        except TimeoutError:
            is_error, body = True, self._fail(request_id, "Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds")
        except (ProcessEnded, OSError) as error:
            is_error, body = True, self._fail(request_id, "Runtime.ExitError", str(error))
        return InvocationResult(request_id, body, is_error, self._report(request_id))

    def get_logs(self) -> str:
        return self._recent.decode(errors="replace")

    def _environment_of(self, env_vars: dict[str, str]) -> dict[str, str]:
        """As AWS has it; what the function's own configuration sets comes last."""
        config = self.function_version.config
        layers = [code.get_unzipped_code_location() for code in layers_of(self.function_version)]
        return {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            **{name: str(value) for name, value in env_vars.items()},
            "LAMBDA_TASK_ROOT": self._code_folder(),
            "NODE_PATH": ":".join(f"{layer}/nodejs/node_modules" for layer in layers or [os.environ.get("LAMBDA_LAYER", "/opt")]),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.runtime}",
            **(config.environment or {}),
        }

    def _code_folder(self) -> str:
        return str(Path(self.function_version.config.code.get_unzipped_code_location()))

    def _running_process(self) -> NodeProcess:
        with self._changing:
            if self._stopped:
                raise ProcessEnded("Runtime exited: the environment is stopped")
            if self._process and not self._process.is_alive():
                self._process.end()
                self._process = None
            if not self._process:
                name = self.function_version.id.function_name
                self._process = NodeProcess(name, self._code_folder(), self._environment, self._keep)
            return self._process

    def _end(self) -> None:
        with self._changing:
            process, self._process = self._process, None
        if process:
            process.end()

    def _keep(self, output: bytes) -> None:
        self._log.append(output)
        self._recent += output
        del self._recent[:-MAX_INVOCATION_LOG_BYTES]

    def _fail(self, request_id: str, error_type: str, message: str) -> bytes:
        """What went wrong ends the process: the next invocation gets a fresh one."""
        self._end()
        self._keep(f"{request_id} {message}\n".encode())
        return json.dumps({"errorType": error_type, "errorMessage": f"RequestId: {request_id} Error: {message}"}).encode()

    def _report(self, request_id: str) -> str:
        return f"START RequestId: {request_id}\n{self.get_logs()}END RequestId: {request_id}\n"

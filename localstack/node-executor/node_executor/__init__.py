"""Lambda for LocalStack without containers: one Node.js process for each execution environment.

LAMBDA_RUNTIME_EXECUTOR=node selects it. Its variables, all of LocalStack's own process:
  LAMBDA_NODE   the Node.js binary (default: node)
  LAMBDA_LAYER  a folder that stands for /opt where a function has no layer: its nodejs/node_modules is on NODE_PATH
  LAMBDA_LOGS   a folder where each function's output is kept, in FUNCTION.log
It has no limit of memory and no file system of its own; images of a deployment are not run.
"""

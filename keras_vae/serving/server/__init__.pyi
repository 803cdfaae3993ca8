from .lifecycle import serve as serve
from .local import LocalServer as LocalServer
from .logs import set_up_logs as set_up_logs
from .server_options import ServerOptions as ServerOptions

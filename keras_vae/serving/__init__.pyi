from .checks import ExportCheck as ExportCheck
from .checks import check_export as check_export
from .onnx import export_onnx as export_onnx
from .options import ExportOptions as ExportOptions
from .saved_model import export as export
from .server_files import write_server_files as write_server_files
from .signatures import ExportSignature as ExportSignature
from .signatures import export_signatures as export_signatures

from .serving_client import Anomalies as Anomalies
from .serving_client import Client as Client
from .serving_client import Encoded as Encoded
from .serving_error import ServingError as ServingError
from .transport import SignatureSpec as SignatureSpec
from .transport import TensorSpec as TensorSpec
from .transport import VersionStatus as VersionStatus

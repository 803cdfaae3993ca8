from .serving_client import Anomalies as Anomalies
from .serving_client import Client as Client
from .serving_client import Encoded as Encoded
from .serving_error import ServingError as ServingError

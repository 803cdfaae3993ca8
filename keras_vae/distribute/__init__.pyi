from .cluster import Cluster as Cluster
from .launch import launch as launch
from .strategies import STRATEGIES as STRATEGIES
from .strategies import make_strategy as make_strategy
from .synchronize import check_alike as check_alike
from .synchronize import everyones as everyones
from .synchronize import from_chief as from_chief
from .synchronize import is_chief as is_chief

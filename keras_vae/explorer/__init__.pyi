from .explore import Explorer as Explorer
from .explore import explore as explore

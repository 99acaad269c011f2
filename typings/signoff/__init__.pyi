"""Where the type checker finds `signoff`: the folder app/."""

from app import *

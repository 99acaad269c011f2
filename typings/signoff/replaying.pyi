from app.replaying import *

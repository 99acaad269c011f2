from app.registries import *

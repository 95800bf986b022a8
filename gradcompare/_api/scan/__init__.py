"""`scan`: is autodiff right for every function of a module, in ordinary and in special places?"""

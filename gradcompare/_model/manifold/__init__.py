"""Parameters on a manifold: tangent vectors v are differentiated at v = 0."""

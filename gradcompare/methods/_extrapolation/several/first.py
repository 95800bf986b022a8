"""The derivatives of every result of a function.

One evaluation serves all results, so lines that move the same coordinate by the same step share
it.
"""

import numpy as np

from ...._evaluation.evaluator import Evaluator
from ...._evaluation.near.vectors import VectorFunction
from ...._model.matrix_layout import MatrixLayout
from ..ladder import derivatives_along
from ..lines import Lines, coordinate_scale, room, unit_along, usual_length
from .coloured import sparse_derivatives
from .noises import measure_noises
from .values import Counted, Slopes


def differentiated(evaluator: Evaluator) -> VectorFunction | None:
    """Returns the function with several results whose derivative is sought; None if a scalar's."""
    function = evaluator.problem.function
    if function is None:
        return None
    first_order = evaluator.problem.quantity in ("jacobian", "jvp")
    return VectorFunction(evaluator, "value" if first_order else "gradient", function)


def first_derivatives(function: VectorFunction) -> Slopes:
    """Returns the derivative of every result by every coordinate, or along the direction."""
    evaluator, values = function.evaluator, Counted(function)
    problem, centre = evaluator.problem, function.centre
    noises = measure_noises(values)
    if problem.sparsity is not None:
        return sparse_derivatives(values, noises)
    if problem.direction is None:
        assert isinstance(problem.output, MatrixLayout)
        row, column = problem.output.places
        scale, origin = coordinate_scale(evaluator), evaluator.x

        def sample(lines, steps):
            near, number = values.perturbed(column[lines], steps)
            return near[number, row[lines]]
    else:
        row, column = np.arange(len(centre)), np.zeros(len(centre), int)
        scale, origin = unit_along(evaluator), np.zeros(1)
        u = problem.layout.flatten(problem.direction)

        def sample(lines, steps):
            every, number = np.unique(steps, return_inverse=True)
            near = values.along(every, u)
            return near[np.reshape(number, -1), row[lines]]

    below, above = (end[column] for end in room(evaluator))
    bound = np.array([noise.bound for noise in noises])[row]
    lines = Lines(
        sample,
        origin[column],
        scale[column],
        below,
        above,
        centre[row],
        bound,
        usual_length(scale),
    )
    return Slopes(derivatives_along(lines), noises, row, values.evaluations)

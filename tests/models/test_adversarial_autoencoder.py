import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.random import as_seed

X = np.random.default_rng(0).random((32, 8, 8, 1)).astype("float32")
OBJECTIVES = {
    "codes": lambda: kv.NLL() + kv.CodeAdversarial() + kv.CodeCritic(),
    "factors": lambda: kv.NLL() + kv.KL() + 6.4 * kv.DensityRatio() + kv.PermutationCritic(),
    "data": lambda: kv.KL() + kv.FeatureSimilarity() + kv.DataAdversarial() + kv.DataCritic(),
}


def new(kind="codes", *, critic=None, objective=None, **parts):
    keras.utils.set_random_seed(0)
    encoder, decoder = kv.make_networks("mlp", (8, 8, 1), 3, units=(8,))
    if critic is None:
        critic = kv.Critic((8, 8, 1) if kind == "data" else (3,), units=(8,))
    return kv.AdversarialAutoencoder(
        encoder,
        decoder,
        critic=critic,
        objective=objective or OBJECTIVES[kind](),
        **{"likelihood": "bernoulli", "seed": 0, **parts},
    )


def values_of(variables):
    return [variable.numpy() for variable in variables]


def changed(variables, before):
    return [not np.array_equal(variable, old) for variable, old in zip(variables, before, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", OBJECTIVES)
def test_each_optimizer_moves_its_own_player_and_no_other(kind):
    for of_model, of_critic in ((0.1, 0.0), (0.0, 0.1)):
        model = new(kind)
        model.compile(
            keras.optimizers.SGD(of_model), critic_optimizer=keras.optimizers.SGD(of_critic), jit_compile=False
        )
        players = (model.model_variables, model.critic.trainable_variables)
        assert {id(v) for v in model.trainable_variables} == {id(v) for player in players for v in player}
        before = [values_of(player) for player in players]
        model.fit(X, batch_size=16, verbose=0)
        moved = [changed(player, old) for player, old in zip(players, before, strict=True)]
        assert all(moved[0]) == (of_model > 0) and any(moved[0]) == (of_model > 0)
        assert all(moved[1]) == (of_critic > 0) and any(moved[1]) == (of_critic > 0)


@pytest.mark.parametrize("kind", OBJECTIVES)
def test_each_player_follows_the_gradient_of_its_own_terms(kind):
    model = new(kind)
    model.compile(jit_compile=False)
    found, *_ = model.gradients(X, as_seed(3))
    found = {id(v): gradient for v, gradient in zip(model.trainable_variables, found, strict=True)}
    critics = {"code_critic", "permutation_critic", "data_critic"}
    for variables, ours in ((model.critic.trainable_variables, True), (model.model_variables, False)):
        with tf.GradientTape() as tape:
            trace = model.trace(X, seed=as_seed(3), samples=1, training=True)
            own = [w * t(trace) for w, t in model.objective.weighted if (t.name in critics) == ours]
            loss = tf.reduce_mean(tf.add_n(own))
        for variable, expected in zip(variables, tape.gradient(loss, variables), strict=True):
            assert np.any(expected), variable.path
            assert np.allclose(found[id(variable)], expected, rtol=1e-4, atol=1e-6), variable.path


@pytest.mark.slow
def test_the_loss_leaves_the_critics_own_out():
    model = new("factors")
    model.compile(jit_compile=False)
    figures = model.evaluate(X, return_dict=True, verbose=0)
    expected = figures["nll"] + figures["kl"] + 6.4 * figures["density_ratio"]
    assert figures["loss"] == pytest.approx(expected, rel=1e-5)
    assert figures["permutation_critic"] > 0


@pytest.mark.slow
def test_a_critic_learns_to_tell_codes_from_the_prior():
    model = new(posterior="deterministic")  # its codes lie closer together than the prior's
    model.compile(keras.optimizers.SGD(0.0), critic_optimizer=keras.optimizers.Adam(3e-2), jit_compile=False)
    losses = model.fit(X, epochs=40, batch_size=16, verbose=0).history["code_critic"]
    assert np.mean(losses[-5:]) < 0.8 * losses[0]


@pytest.mark.slow
def test_codes_come_nearer_to_the_prior():
    x = np.random.default_rng(1).normal(size=(256, 2)).astype("float32") * 0.2 + [2.0, 1.0]

    def distance(model):
        codes = model.encode(x).mean().numpy()
        return np.abs(codes.mean(0)).sum() + np.abs(codes.std(0) - 1).sum()

    keras.utils.set_random_seed(0)
    model = kv.AdversarialAutoencoder(
        kv.MLPEncoder((2,), (16,)),
        kv.MLPDecoder((2,), (16,)),
        critic=kv.Critic((2,), (32,)),
        posterior="deterministic",
        likelihood="normal_fixed",
        objective=kv.NLL() + 2.0 * kv.CodeAdversarial() + kv.CodeCritic(),
        seed=0,
    )
    for weight in model.posterior.weights:
        weight.assign(4 * weight)
    model.compile(keras.optimizers.Adam(2e-3), critic_optimizer=keras.optimizers.Adam(4e-3), jit_compile=False)
    before = distance(model)
    model.fit(x, epochs=60, batch_size=64, verbose=0)
    assert distance(model) < 0.5 * before


def test_codes_are_deterministic_and_in_the_order_of_the_examples():
    model = new("factors")
    codes = model.encode(X).mean().numpy()
    order = np.random.default_rng(0).permutation(len(X))
    assert np.array_equal(codes, model.encode(X).mean())
    assert np.allclose(model.encode(X[order]).mean(), codes[order], atol=1e-6)
    assert np.allclose(model.encode(X, batch_size=5).mean(), codes, atol=1e-6)
    assert np.std(codes, axis=0).min() > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["factors", "data"])
def test_a_saved_model_trains_on_with_both_optimizers(kind, tmp_path):
    model = new(kind)
    model.compile(keras.optimizers.Adam(1e-3), critic_optimizer=keras.optimizers.RMSprop(2e-3), jit_compile=False)
    model.fit(X, epochs=2, shuffle=False, batch_size=16, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = kv.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.critic_optimizer, keras.optimizers.RMSprop)
    for name in ("optimizer", "critic_optimizer"):
        own, others = getattr(model, name), getattr(loaded, name)
        assert int(own.iterations) == int(others.iterations) == 4
        slots = values_of(own.variables), values_of(others.variables)
        assert len(slots[0]) > 2 and all(np.array_equal(*pair) for pair in zip(*slots, strict=True))
    for one in (model, loaded):
        one.fit(X, epochs=1, shuffle=False, batch_size=16, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(model.weights, loaded.weights, strict=True))


@pytest.mark.slow
def test_mixed_float16_scales_both_losses_and_trains(tmp_path):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = new("data")
    finally:
        keras.config.set_dtype_policy("float32")
    model.compile(keras.optimizers.Adam(1e-2), critic_optimizer=keras.optimizers.Adam(1e-2), jit_compile=False)
    for optimizer in (model.optimizer, model.critic_optimizer):
        assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    before = values_of(model.trainable_variables)
    losses = model.fit(X, epochs=15, batch_size=16, verbose=0).history
    assert np.isfinite(losses["loss"]).all() and losses["feature_similarity"][-1] < losses["feature_similarity"][0]
    assert all(changed(model.trainable_variables, before))
    assert max(np.abs(a - b).max() for a, b in zip(model.trainable_variables, before, strict=True)) < 1
    model.save(tmp_path / "model.keras")
    loaded = kv.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.critic_optimizer, keras.optimizers.LossScaleOptimizer)
    assert int(loaded.critic_optimizer.iterations) == int(model.critic_optimizer.iterations) > 0


WITHOUT_NOISE = lambda: kv.NLL() + kv.FeatureSimilarity() + kv.DataAdversarial(from_prior=False)  # noqa: E731


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "objective", "rate_of_critic"),
    [
        ("factors", None, 0.0),  # XLA permutes otherwise for the critic
        ("data", lambda: WITHOUT_NOISE() + kv.DataCritic(from_prior=False), 1e-2),
    ],
)
def test_xla_equals_graph_mode(kind, objective, rate_of_critic, monkeypatch):
    draw = lambda self, *, distribution, samples=1, seed=None: tf.stack([distribution.mean()] * samples)  # noqa: E731
    monkeypatch.setattr(kv.Sampling, "call", draw)
    weights, before = [], None
    for jit_compile in (False, True):
        model = new(kind, objective=objective and objective())
        before = values_of(model.trainable_weights)
        critic_optimizer = keras.optimizers.SGD(rate_of_critic)
        model.compile(keras.optimizers.SGD(1e-2), critic_optimizer=critic_optimizer, jit_compile=jit_compile)
        assert model.jit_compile == jit_compile
        model.fit(X, epochs=2, batch_size=16, shuffle=False, verbose=0)
        weights.append(values_of(model.trainable_weights))
    for graph, xla in zip(*weights, strict=True):
        assert np.allclose(graph, xla, atol=1e-5)
    assert not all(np.allclose(graph, old, atol=1e-3) for graph, old in zip(weights[0], before, strict=True))


@pytest.mark.slow
def test_two_replicas_train_both_players_alike(monkeypatch):
    draw = lambda self, *, distribution, samples=1, seed=None: tf.stack([distribution.mean()] * samples)  # noqa: E731
    monkeypatch.setattr(kv.Sampling, "call", draw)
    devices = [device.name for device in tf.config.list_logical_devices("CPU")[:2]]
    reduction = tf.distribute.ReductionToOneDevice()  # collectives of one process mix up their keys
    mirrored = tf.distribute.MirroredStrategy(devices, cross_device_ops=reduction)
    objective = WITHOUT_NOISE() + kv.DataCritic(from_prior=False)
    found = []
    for strategy in (tf.distribute.get_strategy(), mirrored):
        with strategy.scope():
            model = new("data", objective=objective)
            model.compile(keras.optimizers.Adam(1e-2), critic_optimizer=keras.optimizers.Adam(1e-2), jit_compile=False)
        model.fit(tf.data.Dataset.from_tensor_slices(X).batch(16), epochs=2, verbose=0)
        found.append((values_of(model.trainable_variables), int(model.critic_optimizer.iterations.numpy())))
    assert found[0][1] == found[1][1] == 4
    for one, two in zip(found[0][0], found[1][0], strict=True):
        assert np.allclose(one, two, atol=1e-4)


def test_a_critic_without_an_optimizer_is_refused(refused):
    with refused("compile: the critic needs an optimizer"):
        new().compile("adam", critic_optimizer=None)


def test_a_critic_of_another_shape_is_refused(refused):
    with refused(r"critic: expected inputs of shape \(3,\) \(codes\) or \(8, 8, 1\) \(examples\); it takes \(4,\)"):
        new(critic=kv.Critic((4,), (8,)))


def test_a_critic_that_is_no_model_is_refused(refused):
    with refused("critic: expected a keras.Model"):
        new(critic=lambda z: z)


def test_a_critic_that_nothing_trains_is_refused(refused):
    with refused("objective: no term trains the critic"):
        new(objective=kv.NLL() + kv.KL())
    with refused("objective: no term trains the critic"):
        new(objective=kv.NLL() + kv.CodeAdversarial())


@pytest.mark.parametrize("term", [kv.CodeCritic(), kv.CodeAdversarial(), kv.DataCritic(), kv.FeatureSimilarity()])
def test_a_term_that_needs_a_critic_is_refused_without_one(term, refused):
    with refused(f"objective: '{term.name}' needs a critic"):
        kv.Autoencoder(*kv.make_networks("mlp", (8, 8, 1), 3, units=(8,)), objective=kv.NLL() + term)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Gradients do not exist")  # no term trains this prior
def test_another_prior_keeps_the_critic():
    model = new()
    other = model.with_prior("mixture")
    assert other.critic is model.critic and isinstance(other, kv.AdversarialAutoencoder)
    other.compile(jit_compile=False)
    assert np.isfinite(other.fit(X, verbose=0).history["code_critic"]).all()


@pytest.mark.slow
def test_moving_averages_end_the_training_of_both_players():
    model = new()
    optimizers = [keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5) for _ in range(2)]
    model.compile(optimizers[0], critic_optimizer=optimizers[1], jit_compile=False)
    model.fit(X, epochs=2, batch_size=16, verbose=0, callbacks=[keras.callbacks.SwapEMAWeights()])
    for optimizer, variables in model.optimizers:
        for variable, average in zip(variables, optimizer._model_variables_moving_average, strict=True):
            np.testing.assert_array_equal(variable, average)

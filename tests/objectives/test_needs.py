import pytest

import keras_vae as kv

TERMS = [kv.MMD(), kv.SlicedWasserstein(), kv.Sinkhorn(), kv.PriorNLL()]


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.name)
def test_a_term_that_draws_from_the_prior_is_refused_without_one(refused, term):
    encoder, decoder = kv.make_networks("mlp", (4,), 2, units=(4,))
    with refused(f"objective: '{term.name}' needs a prior"):
        kv.Autoencoder(encoder, decoder, posterior="deterministic", prior=None, objective=kv.NLL() + term)


def test_an_adversary_of_reconstructions_alone_needs_none():
    assert kv.DataAdversarial().needs_prior and kv.DataCritic().needs_prior
    assert not kv.DataAdversarial(from_prior=False).needs_prior

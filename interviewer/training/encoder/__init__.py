"""Training the bilingual encoder that ships: vocabulary, data, distillation, publishing.

    python -m interviewer.training.encoder --data DIR --work DIR [--steps N]

MiniLM learns Chinese by multilingual knowledge distillation (Reimers and Gurevych, 2020, "Making Monolingual Sentence
Embeddings Multilingual using Knowledge Distillation"): a Chinese sentence is to have the vector that the English
teacher gives its translation. Needs the extra `interviewer[train]`.
"""

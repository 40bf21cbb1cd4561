using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "contract", worker = .contract)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "contract")],
);

const contract :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  # It comes with nodejs_compat.
  compatibilityDate = "2026-10-01",
);

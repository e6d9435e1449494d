/**
 * The sample client of the specification that this project began with ("Client Configuration", TypeScript), as it stands
 * there; only its types are taken out, so that Node runs it. `handleEvent` and `poll`, which the sample leaves to its reader,
 * are added at the end.
 *
 * Usage: node seed-client.mjs <url of /sdk/stream with its key>. Prints its flags as one line of JSON after every event.
 */
import { EventSource } from 'eventsource';

// TypeScript client reconnection logic
class FlagSyncClient {
  eventSource = null;
  reconnectAttempts = 0;
  maxReconnectAttempts = 10;
  reconnectDelay = 1000;

  connect(url) {
    this.eventSource = new EventSource(url);

    this.eventSource.onopen = () => {
      this.reconnectAttempts = 0;
    };

    this.eventSource.onerror = () => {
      this.reconnect(url);
    };

    this.eventSource.onmessage = (event) => {
      const data = JSON.parse(event.data);
      this.handleEvent(data);
    };
  }

  reconnect(url) {
    if (this.reconnectAttempts >= this.maxReconnectAttempts) {
      this.fallbackToPolling();
      return;
    }

    const delay = this.reconnectDelay * Math.pow(2, this.reconnectAttempts);
    this.reconnectAttempts++;

    setTimeout(() => this.connect(url), delay);
  }

  fallbackToPolling() {
    // Start polling every 30 seconds
    setInterval(() => this.poll(), 30000);
  }

  // From here on added: what somebody makes of the sample who reads only the list of events in there.

  flags = {};

  handleEvent({ type, data }) {
    switch (type) {
      case 'FlagCreated':
      case 'FlagUpdated':
        this.flags[data.id] = data;
        break;
      case 'FlagDeleted':
        delete this.flags[data.flag_id];
        break;
      case 'FlagStatusChanged':
        if (this.flags[data.flag_id]) this.flags[data.flag_id].status = data.new_status;
        break;
      default: // SyncComplete, Heartbeat, and what the sample does not know
    }
    const held = Object.values(this.flags).map(({ id, name, status }) => [id, { name, status }]);
    console.log(JSON.stringify({ type, flags: Object.fromEntries(held) }));
  }

  poll() {
    console.log(JSON.stringify({ type: 'polling', flags: {} }));
  }
}

new FlagSyncClient().connect(process.argv[2]);

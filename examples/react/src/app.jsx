import { useState } from 'react';
import { useFlag, useFlagClient } from './flags.jsx';

export function Welcome() {
  const isOn = useFlag('welcome', false);
  return (
    <h1>
      welcome is <output id="flag">{isOn ? 'on' : 'off'}</output>
    </h1>
  );
}

export function Plan() {
  const client = useFlagClient();
  const [plan, setPlan] = useState('free');
  const change = () => {
    const next = plan === 'free' ? 'pro' : 'free';
    setPlan(next);
    void client.setContext({ targetingKey: 'visitor', plan: next });
  };
  return (
    <button id="plan" onClick={change}>
      {plan}
    </button>
  );
}

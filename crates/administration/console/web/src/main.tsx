import './styles/index.css';

import { render } from 'preact';

import { Console } from './console';
import { followLinks } from './router';
import { showUnseen } from './ui/visible';

showUnseen();
followLinks();
const root = document.getElementById('console');
if (root) render(<Console />, root);
